import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Value } from '../model/value.ts'
import { glob } from '../util/glob.ts'
import { isDictionary, isTruthy } from './runtime-value.ts'
import type { Scope } from './template.ts'
import { TemplateError } from './template.ts'

/** Look-ups of files on the controller; names are looked for where tasks' files are. */
export const fileLookups: readonly (readonly [string, (terms: readonly Value[], scope: Scope) => Value[]])[] =
  [
    ['file', (terms, scope) => namesOf(terms).map((name) => readFile(name, scope).replace(/\s+$/, ''))],
    ['fileglob', (terms, scope) => namesOf(terms).flatMap((pattern) => matching(pattern, scope))],
    ['first_found', firstFound],
  ]

export const namesOf = (terms: readonly Value[]): string[] => terms.flat().map(String)

function readFile(name: string, scope: Scope): string {
  const path = located(name, scope)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TemplateError(`'lookup' cannot read '${name}': ${why}`)
  }
}

function located(name: string, scope: Scope): string {
  if (scope.locate === undefined) throw new TemplateError("'lookup' cannot read files here")
  return scope.locate(name)
}

/** Where a file is, or undefined: what a look-up for files may fail with means that there is none. */
function found(name: string, scope: Scope): string | undefined {
  if (scope.locate === undefined) throw new TemplateError("'lookup' cannot read files here")
  try {
    return scope.locate(name)
  } catch (error) {
    if (error instanceof Error && 'failure' in error) return undefined
    throw error
  }
}

/** Files, in the order of their names, whose name fits the last part of the pattern. */
function matching(pattern: string, scope: Scope): string[] {
  const folder = found(dirname(pattern), scope)
  if (folder === undefined) return []
  const regex = glob(basename(pattern))
  return readdirSync(folder)
    .sort()
    .filter((name) => regex.test(name) && (!name.startsWith('.') || pattern.startsWith('.')))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

/** Names, or `{files, paths, skip}`: the first that exists. */
function firstFound(terms: readonly Value[], scope: Scope): Value[] {
  let skips = false
  const names = terms.flatMap((term): string[] => {
    if (Array.isArray(term)) return namesOf(term)
    if (!isDictionary(term)) return [String(term)]
    skips ||= isTruthy(term['skip'] ?? false)
    const files = listed(term['files'])
    const paths = listed(term['paths'])
    return paths.length === 0 ? files : paths.flatMap((path) => files.map((file) => join(path, file)))
  })
  for (const name of names) {
    const path = found(name, scope)
    if (path !== undefined && existsSync(path)) return [path]
  }
  if (skips) return []
  throw new TemplateError(`'first_found': none of ${names.join(', ')} exists`)
}

function listed(value: Value | undefined): string[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value.map(String) : String(value).split(/[,;:]\s*/)
}
