import { env } from 'node:process'
import type { Value } from '../model/value.ts'
import { fileLookups, namesOf } from './lookups-of-files.ts'
import { listLookups } from './lookups-of-lists.ts'
import { pythonRegex } from './python-regex.ts'
import type { Runtime } from './runtime-value.ts'
import { plain } from './runtime-value.ts'
import type { Scope } from './template.ts'
import { TemplateError } from './template.ts'

interface Terms {
  readonly terms: readonly Value[]
  readonly named: ReadonlyMap<string, Runtime>
  readonly scope: Scope
}

type LookUp = (asked: Terms) => Value[]

/** Every look-up by name: what `lookup('file', …)`, `query` and `with_…` find. */
export const lookups: ReadonlyMap<string, LookUp> = new Map<string, LookUp>([
  ['env', ({ terms, named }) => namesOf(terms).map((name) => env[name] ?? fallback(named) ?? '')],
  ['varnames', ({ terms, scope }) => namesOf(terms).flatMap((pattern) => namesLike(pattern, scope))],
  ['vars', ({ terms, named, scope }) => namesOf(terms).map((name) => variable(name, named, scope))],
  ...fileLookups.map(([name, find]) => [name, ({ terms, scope }: Terms) => find(terms, scope)] as const),
  ...listLookups.map(([name, make]) => [name, ({ terms }: Terms) => make(terms)] as const),
])

/** Throws TemplateError for a look-up that does not exist, or that finds nothing. */
export function lookUp(
  positional: readonly Runtime[],
  named: ReadonlyMap<string, Runtime>,
  scope: Scope,
): Value[] {
  const [kind = null, ...terms] = positional.map((value) => plain(value))
  const found = lookups.get(String(kind).replace(/^(ansible\.builtin|community\.general)\./, ''))
  if (found !== undefined) return found({ terms, named, scope })
  const known = [...lookups.keys()]
    .sort()
    .join(', ')
    .replace(/, (?=\w+$)/, ' and ')
  throw new TemplateError(`unknown look-up '${String(kind)}': hvlab has ${known}`)
}

function namesLike(pattern: string, scope: Scope): string[] {
  const regex = pythonRegex(pattern)
  return [...(scope.names?.() ?? [])].filter((name) => regex.test(name))
}

function fallback(named: ReadonlyMap<string, Runtime>): Value | undefined {
  const given = named.get('default')
  return given === undefined ? undefined : plain(given)
}

function variable(name: string, named: ReadonlyMap<string, Runtime>, scope: Scope): Value {
  const value = scope.get(name)
  if (value !== undefined) return plain(value)
  const instead = fallback(named)
  if (instead !== undefined) return instead
  throw new TemplateError(`'${name}' is undefined`, { undefinedName: name })
}
