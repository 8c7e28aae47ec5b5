import type { Value } from '../model/value.ts'
import { DateTime } from './date-time.ts'
import { FilterArguments } from './filter-arguments.ts'
import { lookUp } from './lookups.ts'
import { pythonText } from './python-text.ts'
import type { Runtime } from './runtime-value.ts'
import { Callable, isDictionary, newDictionary, plain, typeName, Undefined } from './runtime-value.ts'
import { clockTime, strftime } from './strftime.ts'
import type { Scope } from './template.ts'
import { TemplateError } from './template.ts'

/** Jinja2's sandbox stops there too. */
const longestRange = 100_000

/** What `namespace()` made: only these may be assigned to (`{% set ns.x = 1 %}`). */
export const namespaces = new WeakSet<object>()

type Global = (positional: readonly Runtime[], named: ReadonlyMap<string, Runtime>, scope: Scope) => Runtime

/** The functions that templates may call, by name. */
export const globalFunctions: ReadonlyMap<string, Global> = new Map<string, Global>([
  ['range', (positional) => range(positional.map((value) => plain(value)))],
  [
    'dict',
    ([from, ...more], named) => {
      if (more.length > 0) throw new TemplateError("'dict' takes at most one value to make a dictionary of")
      const given = [...named].map(([key, value]): [string, Value] => [key, plain(value)])
      return newDictionary([...(from === undefined ? [] : pairsOf(plain(from))), ...given])
    },
  ],
  [
    'namespace',
    (_positional, named) => {
      const made = newDictionary([...named].map(([key, value]) => [key, plain(value)]))
      namespaces.add(made)
      return made
    },
  ],
  [
    'now',
    (positional, named) => {
      const args = new FilterArguments('now', ['utc', 'fmt'], positional, named)
      const utc = args.flag('utc')
      return args.has('fmt') ? strftime(args.text('fmt'), clockTime(new Date(), utc)) : DateTime.now(utc)
    },
  ],
  [
    'undef',
    (positional, named) => {
      const args = new FilterArguments('undef', ['hint'], positional, named)
      return new Undefined(args.text('hint', 'mandatory variable has not been overridden'), 'undef')
    },
  ],
  [
    'lookup',
    (positional, named, scope) => {
      const found = lookUp(positional, named, scope)
      if (plain(named.get('wantlist') ?? false) === true) return found
      // One result is itself, several are joined, as Ansible's `lookup` does.
      return found.length === 1 ? (found[0] ?? null) : found.map(String).join(',')
    },
  ],
  ['query', lookUp],
  ['q', lookUp],
])

export function globalFunction(name: string, scope: Scope): Callable | undefined {
  const made = globalFunctions.get(name)
  return made && new Callable(name, (positional, named) => made(positional, named, scope))
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
