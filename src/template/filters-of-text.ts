import { createHash } from 'node:crypto'
import { basename, dirname, extname, posix } from 'node:path'
import { quote } from '../util/sh.ts'
import type { Filter } from './filter-arguments.ts'
import { define, listOf, textOf } from './filter-arguments.ts'
import { capitalize, split, stripped, titleCase } from './methods.ts'
import { percentFormat } from './percent-format.ts'
import { pythonText } from './python-text.ts'
import { plain } from './runtime-value.ts'
import { strftime } from './strftime.ts'
import { TemplateError } from './template.ts'

const hashes = new Set(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'])

function digest(text: string, algorithm: string): string {
  if (!hashes.has(algorithm)) throw new TemplateError(`'hash' does not know '${algorithm}'`)
  return createHash(algorithm).update(text).digest('hex')
}

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
  define('comment', ['style'], (input, args) => {
    const marks: Readonly<Record<string, string>> = { plain: '# ', c: '// ', erlang: '% ', xml: ' - ' }
    const mark = marks[args.text('style', 'plain')] ?? '# '
    const body = textOf(input, 'comment')
      .split('\n')
      .map((line) => (mark + line).trimEnd())
    return [mark.trimEnd(), ...body, mark.trimEnd()].join('\n')
  }),
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
  define('urlencode', [], (input) => encodeURIComponent(textOf(input, 'urlencode')).replaceAll('%2F', '/')),
  define('quote', [], (input) => (input === null ? "''" : quote(textOf(input, 'quote')) || "''")),
  define('basename', [], (input) => lastPart(textOf(input, 'basename'))),
  define('dirname', [], (input) => folder(textOf(input, 'dirname'))),
  define('splitext', [], (input) => {
    const path = textOf(input, 'splitext')
    const extension = extname(path)
    return [path.slice(0, path.length - extension.length), extension]
  }),
  define('path_join', [], (input) =>
    listOf(input, 'path_join')
      .map((part) => textOf(part, 'path_join'))
      .reduce((path, part) =>
        part.startsWith('/') ? part : path === '' || path.endsWith('/') ? path + part : `${path}/${part}`,
      ),
  ),
  define('normpath', [], (input) => posix.normalize(textOf(input, 'normpath')).replace(/(.)\/$/, '$1')),
  define('b64encode', ['encoding'], (input) => Buffer.from(textOf(input, 'b64encode')).toString('base64')),
  define('b64decode', ['encoding'], (input) =>
    Buffer.from(textOf(input, 'b64decode'), 'base64').toString('utf8'),
  ),
  define('hash', ['hashtype'], (input, args) => digest(textOf(input, 'hash'), args.text('hashtype', 'sha1'))),
  define('checksum', [], (input) => digest(textOf(input, 'checksum'), 'sha1')),
  define('md5', [], (input) => digest(textOf(input, 'md5'), 'md5')),
  define('sha1', [], (input) => digest(textOf(input, 'sha1'), 'sha1')),
  define('strftime', ['second', 'utc'], (input, args) => {
    const moment = args.has('second') ? new Date(args.number('second') * 1000) : new Date()
    return strftime(textOf(input, 'strftime'), moment, args.flag('utc'))
  }),
]

function lastPart(path: string): string {
  return path.endsWith('/') ? '' : basename(path)
}

function folder(path: string): string {
  if (path.endsWith('/')) return path.length === 1 ? '/' : path.replace(/\/+$/, '')
  const parent = dirname(path)
  return parent === '.' && !path.startsWith('.') ? '' : parent
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll("'", '&#39;')
    .replaceAll('"', '&#34;')
}
