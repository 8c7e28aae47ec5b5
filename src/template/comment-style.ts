import type { Value } from '../model/value.ts'
import type { FilterArguments } from './filter-arguments.ts'
import { TemplateError } from './template.ts'

/** Styles of Ansible's `comment` filter (ansible/plugins/filter/core.py). */
const styles: Readonly<Record<string, { decoration: string; beginning?: string; end?: string }>> = {
  plain: { decoration: '# ' },
  erlang: { decoration: '% ' },
  c: { decoration: '// ' },
  cblock: { beginning: '/*', decoration: ' * ', end: ' */' },
  xml: { beginning: '<!--', decoration: ' - ', end: '-->' },
}

export const commentParameters = [
  'style',
  'newline',
  'beginning',
  'prefix',
  'prefix_count',
  'decoration',
  'postfix',
  'postfix_count',
  'end',
]

/** Text as a comment: every line decorated, a bare decoration above and below. */
export function comment(text: string, args: FilterArguments): Value {
  const name = args.text('style', 'plain')
  const style = Object.hasOwn(styles, name) ? styles[name] : undefined
  if (style === undefined) throw new TemplateError(`'comment' does not know the style '${name}'`)
  const newline = args.text('newline', '\n')
  const decoration = args.text('decoration', style.decoration)
  const beginning = args.text('beginning', style.beginning ?? '')
  const prefix = args.text('prefix', decoration.trimEnd())
  const postfix = args.text('postfix', decoration.trimEnd())
  const end = args.text('end', style.end ?? '')
  const above = prefix === '' || prefix === newline ? prefix : prefix + newline
  const body = text
    .split(newline)
    .map((line, index, lines) => {
      const isBare = line === '' && index < lines.length - 1
      return isBare ? decoration.trimEnd() : decoration + line
    })
    .join(newline)
  return [
    beginning === '' ? '' : beginning + newline,
    above.repeat(args.number('prefix_count', 1)),
    body,
    (newline + postfix).repeat(args.number('postfix_count', 1)),
    end === '' ? '' : newline + end,
  ].join('')
}
