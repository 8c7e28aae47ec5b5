import { readFileSync } from 'node:fs'
import { env } from 'node:process'
import type { Value } from '../model/value.ts'
import { FilterArguments } from './filter-arguments.ts'
import { pythonText } from './python-text.ts'
import type { Runtime } from './runtime-value.ts'
import { Callable, isDictionary, newDictionary, plain, typeName, Undefined } from './runtime-value.ts'
import { strftime } from './strftime.ts'
import type { Scope } from './template.ts'
import { TemplateError } from './template.ts'

/** Jinja2's sandbox stops there too. */
const longestRange = 100_000

/** What `namespace()` made: only these may be assigned to (`{% set ns.x = 1 %}`). */
export const namespaces = new WeakSet<object>()

/** The functions that templates may call: `lookup`, `query`, `range`, `now`, `dict`, `namespace`. */
export function globalFunction(name: string, scope: Scope): Callable | undefined {
  switch (name) {
    case 'range':
      return new Callable(name, (positional) => range(positional.map((value) => plain(value))))
    case 'dict':
      return new Callable(name, ([from, ...more], named) => {
        if (more.length > 0) throw new TemplateError("'dict' takes at most one value to make a dictionary of")
        const given = [...named].map(([key, value]): [string, Value] => [key, plain(value)])
        return newDictionary([...(from === undefined ? [] : pairsOf(plain(from))), ...given])
      })
    case 'namespace':
      return new Callable(name, (_positional, named) => {
        const made = newDictionary([...named].map(([key, value]) => [key, plain(value)]))
        namespaces.add(made)
        return made
      })
    case 'now':
      return new Callable(name, (positional, named) => {
        const args = new FilterArguments('now', ['utc', 'fmt'], positional, named)
        return strftime(args.text('fmt', '%F %T.%f'), new Date(), args.flag('utc'))
      })
    case 'undef':
      return new Callable(name, (positional, named) => {
        const args = new FilterArguments('undef', ['hint'], positional, named)
        return new Undefined(args.text('hint', 'mandatory variable has not been overridden'), 'undef')
      })
    case 'lookup':
      return new Callable(name, (positional, named) => {
        const found = lookUp(positional, named, scope)
        if (plain(named.get('wantlist') ?? false) === true) return found
        // One result is itself, several are joined, as Ansible's `lookup` does.
        return found.length === 1 ? (found[0] ?? null) : found.map(String).join(',')
      })
    case 'query':
    case 'q':
      return new Callable(name, (positional, named) => lookUp(positional, named, scope))
    default:
      return undefined
  }
}

/** A dictionary's entries, or pairs of key and value as `zip` makes them. */
function pairsOf(value: Value): [string, Value][] {
  if (isDictionary(value)) return Object.entries(value)
  if (!Array.isArray(value)) throw new TemplateError(`'dict' needs a list of pairs, not ${typeName(value)}`)
  return value.map((pair): [string, Value] => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TemplateError(`'dict' needs a list of pairs: ${pythonText(pair)} is none`)
    }
    const [key = null, item = null] = pair
    return [pythonText(key), item]
  })
}

function range(values: readonly Value[]): Value[] {
  const numbers = values.map((value) => {
    if (typeof value !== 'number' || !Number.isInteger(value))
      throw new TemplateError("'range' needs whole numbers")
    return value
  })
  const [first = 0, second, step = 1] = numbers
  const start = second === undefined ? 0 : first
  const stop = second === undefined ? first : second
  if (step === 0) throw new TemplateError("the step of 'range' cannot be zero")
  const length = Math.max(0, Math.ceil((stop - start) / step))
  if (length > longestRange)
    throw new TemplateError(`'range' of ${length} numbers passes the limit of ${longestRange}`)
  return Array.from({ length }, (_, index) => start + index * step)
}

function lookUp(positional: readonly Runtime[], named: ReadonlyMap<string, Runtime>, scope: Scope): Value[] {
  const [kind, ...terms] = positional.map((value) => plain(value))
  const names = terms.flat().map(String)
  const fallback = named.get('default')
  switch (String(kind).replace(/^ansible\.builtin\./, '')) {
    case 'env':
      return names.map((name) => env[name] ?? (fallback === undefined ? '' : plain(fallback)))
    case 'vars':
      return names.map((name) => {
        const value = scope.get(name)
        if (value !== undefined) return plain(value)
        if (fallback !== undefined) return plain(fallback)
        throw new TemplateError(`'${name}' is undefined`, { undefinedName: name })
      })
    case 'file':
      return names.map((name) => readFile(name, scope).replace(/\s+$/, ''))
    case 'items':
    case 'list':
      return terms.flat()
    default:
      throw new TemplateError(`unknown look-up '${String(kind)}': hvlab has env, file, vars and items`)
  }
}

function readFile(name: string, scope: Scope): string {
  if (scope.locate === undefined) throw new TemplateError("'lookup' cannot read files here")
  const path = scope.locate(name)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TemplateError(`'lookup' cannot read '${name}': ${why}`)
  }
}
