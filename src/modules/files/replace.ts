import { expandReplacement, pythonRegex } from '../../template/python-regex.ts'
import { TemplateError } from '../../template/template.ts'
import { moduleFailure } from '../failure.ts'
import { bool, parameters, path, text } from '../params.ts'
import { attributeParams, defineFileModule, unsupportedAttributes } from './attributes.ts'
import { editFile } from './edited-file.ts'
import { type ByteText, parameterBytes } from './edited-lines.ts'

/** Ansible's `replace`. */
export const replace = defineFileModule({
  name: 'replace',
  doc: 'Replaces every match of a regular expression in a file.',
  params: parameters(
    {
      path: path().describe('The file.'),
      regexp: text().describe('Python regular expression; ^ and $ are the ends of lines.'),
      replace: text().default('').describe('What stands there instead; may refer to groups of regexp.'),
      after: text().optional().describe('Regular expression: only what stands after its match is looked at.'),
      before: text().optional().describe('The same for what stands before.'),
      backup: bool().default(false).describe('Keep the old content beside it.'),
      validate: text().optional().describe('Command that must accept the new file; %s is its path.'),
      ...attributeParams,
    },
    { aliases: { dest: 'path', destfile: 'path', name: 'path' } },
  ),
  unsupported: [...unsupportedAttributes, 'others', 'encoding'],
  returns: { msg: 'how many were replaced', backup: 'where the old content was kept' },
  async *run(context, params) {
    return yield* editFile(context, params, (text) => {
      const section = sectionOf(text, params.after, params.before)
      const part = text.slice(section.start, section.end)
      const by = parameterBytes(params.replace)
      const regexp = compiled(params.regexp, 'gm')
      const matches = [...part.matchAll(regexp)]
      let made = ''
      let last = 0
      for (const match of matches) {
        made += part.slice(last, match.index) + expandReplacement(by, match)
        last = match.index + match[0].length
      }
      const message = matches.length === 0 ? '' : `${matches.length} replacements made`
      return {
        text: text.slice(0, section.start) + made + part.slice(last) + text.slice(section.end),
        message,
      }
    })
  },
})

/** Between the first match of `after` and the next one of `before`; nothing when they are not there. */
function sectionOf(
  text: ByteText,
  after: string | undefined,
  before: string | undefined,
): { start: number; end: number } {
  const first = after === undefined ? undefined : compiled(after, 's').exec(text)
  if (first === null) return { start: 0, end: 0 }
  const start = first === undefined ? 0 : first.index + first[0].length
  const next = before === undefined ? undefined : compiled(before, 's').exec(text.slice(start))
  if (next === null) return { start: 0, end: 0 }
  return { start, end: next === undefined ? text.length : start + next.index }
}

function compiled(pattern: string, flags: string): RegExp {
  try {
    return pythonRegex(parameterBytes(pattern), { flags })
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    throw moduleFailure('invalid-regexp', `${pattern}: ${error.message}`)
  }
}
