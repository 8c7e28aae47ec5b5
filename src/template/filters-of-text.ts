import { quote } from '../util/sh.ts'
import { comment, commentParameters } from './comment-style.ts'
import type { Filter } from './filter-arguments.ts'
import { define, textOf } from './filter-arguments.ts'
import { capitalize, split, stripped, titleCase } from './methods.ts'
import { percentFormat } from './percent-format.ts'
import { pythonText } from './python-text.ts'
import { plain } from './runtime-value.ts'

/** Filters whose input is text. */
export const textFilters: readonly (readonly [string, Filter])[] = [
  define('upper', [], (input) => textOf(input, 'upper').toUpperCase()),
  define('lower', [], (input) => textOf(input, 'lower').toLowerCase()),
  define('title', [], (input) => titleCase(textOf(input, 'title'))),
  define('capitalize', [], (input) => capitalize(textOf(input, 'capitalize'))),
  define('trim', ['chars'], (input, args) =>
    stripped(textOf(input, 'trim'), args.has('chars') ? args.text('chars') : null, true, true),
  ),
  define('string', [], (input) => (input === null ? 'None' : pythonText(input))),
  define('replace', ['old', 'new', 'count'], (input, args) => {
    const parts = textOf(input, 'replace').split(args.text('old'))
    const count = args.has('count') ? args.number('count') : parts.length
    const by = args.text('new')
    return parts.reduce((result, part, index) => result + (index <= count ? by : args.text('old')) + part)
  }),
  define('split', ['sep', 'maxsplit'], (input, args) =>
    split(textOf(input, 'split'), args.has('sep') ? args.text('sep') : null, args.number('maxsplit', -1)),
  ),
  define('indent', ['width', 'first', 'blank'], (input, args) => {
    const width = args.value('width', 4)
    const margin = typeof width === 'number' ? ' '.repeat(width) : pythonText(width)
    return textOf(input, 'indent')
      .split('\n')
      .map((line, index) =>
        (index === 0 && !args.flag('first')) || (line === '' && !args.flag('blank')) ? line : margin + line,
      )
      .join('\n')
  }),
  define('comment', commentParameters, (input, args) => comment(textOf(input, 'comment'), args)),
  define('truncate', ['length', 'killwords', 'end', 'leeway'], (input, args) => {
    const text = textOf(input, 'truncate')
    const length = args.number('length', 255)
    const end = args.text('end', '...')
    if (text.length <= length + args.number('leeway', 5)) return text
    const cut = text.slice(0, Math.max(0, length - end.length))
    return (args.flag('killwords') ? cut : cut.replace(/\s+\S*$/, '')) + end
  }),
  define('wordcount', [], (input) => split(textOf(input, 'wordcount'), null).length),
  define('center', ['width'], (input, args) => {
    const text = textOf(input, 'center')
    const space = Math.max(0, args.number('width', 80) - text.length)
    return ' '.repeat(Math.floor(space / 2)) + text + ' '.repeat(Math.ceil(space / 2))
  }),
  [
    'format',
    (input, positional, named) => {
      const values = positional.map((value) => plain(value))
      const mapping = Object.fromEntries([...named].map(([name, value]) => [name, plain(value)]))
      return percentFormat(textOf(plain(input), 'format'), named.size > 0 ? [mapping] : values)
    },
  ],
  define('escape', [], (input) => escapeHtml(pythonText(input))),
  define('e', [], (input) => escapeHtml(pythonText(input))),
  define('safe', [], (input) => input),
  define('quote', [], (input) => (input === null ? "''" : quote(textOf(input, 'quote')) || "''")),
  define('striptags', [], (input) =>
    split(textOf(input, 'striptags').replace(/<!--.*?-->|<[^>]*>/gs, ''), null).join(' '),
  ),
]

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll("'", '&#39;')
    .replaceAll('"', '&#34;')
}
