import { readFileSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, extname, posix } from 'node:path'
import { env } from 'node:process'
import type { Value } from '../model/value.ts'
import type { Filter } from './filter-arguments.ts'
import { define, listOf, textOf } from './filter-arguments.ts'
import { TemplateError } from './template.ts'

/** Filters of paths. `realpath`, `relpath`, `expanduser` and `expandvars` ask the controller, as in Ansible. */
export const pathFilters: readonly (readonly [string, Filter])[] = [
  define('basename', [], (input) => lastPart(textOf(input, 'basename'))),
  define('dirname', [], (input) => folder(textOf(input, 'dirname'))),
  define('splitext', [], (input) => {
    const path = textOf(input, 'splitext')
    const extension = extname(path)
    return [path.slice(0, path.length - extension.length), extension]
  }),
  define('path_join', [], (input) =>
    typeof input === 'string'
      ? input
      : listOf(input, 'path_join')
          .map((part) => textOf(part, 'path_join'))
          .reduce((path, part) =>
            part.startsWith('/') ? part : path === '' || path.endsWith('/') ? path + part : `${path}/${part}`,
          ),
  ),
  define('normpath', [], (input) => normal(textOf(input, 'normpath'))),
  define('realpath', [], (input) => realPath(posix.resolve(textOf(input, 'realpath')))),
  define(
    'relpath',
    ['start'],
    (input, args) => posix.relative(args.text('start', '.'), textOf(input, 'relpath')) || '.',
  ),
  define('commonpath', [], (input) => commonPath(listOf(input, 'commonpath'))),
  define('expanduser', [], (input) =>
    textOf(input, 'expanduser').replace(/^~([^/]*)/, (whole, user: string) => homeOf(user) ?? whole),
  ),
  define('expandvars', [], (input) =>
    textOf(input, 'expandvars').replace(
      /\$(?:(\w+)|\{([^}]*)\})/g,
      (whole, name?: string, braced?: string) => env[name ?? braced ?? ''] ?? whole,
    ),
  ),
]

function lastPart(path: string): string {
  return path.endsWith('/') ? '' : basename(path)
}

function folder(path: string): string {
  if (path.endsWith('/')) return path.length === 1 ? '/' : path.replace(/\/+$/, '')
  const parent = dirname(path)
  return parent === '.' && !path.startsWith('.') ? '' : parent
}

function normal(path: string): string {
  return posix.normalize(path).replace(/(.)\/$/, '$1')
}

/** Links are followed as far as the path exists; what does not exist is kept, as Python does. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path === '/' ? path : posix.join(realPath(dirname(path)), basename(path))
  }
}

function commonPath(values: readonly Value[]): string {
  const paths = values.map((value) => textOf(value, 'commonpath'))
  const rooted = paths.filter((path) => path.startsWith('/')).length
  if (rooted > 0 && rooted < paths.length) {
    throw new TemplateError("'commonpath' cannot compare absolute with relative paths")
  }
  const parts = paths.map((path) => path.split('/').filter((part) => part !== '' && part !== '.'))
  const [first = [], ...others] = parts
  const differs = first.findIndex((part, index) => others.some((other) => other[index] !== part))
  return (rooted > 0 ? '/' : '') + (differs === -1 ? first : first.slice(0, differs)).join('/')
}

/** Undefined for a user that the controller does not know: the text stays as it is, as in Python. */
function homeOf(user: string): string | undefined {
  if (user === '') return homedir()
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`))
  return line?.split(':')[5]
}
