import type { Value } from '../model/value.ts'
import type { BinaryOperator } from './syntax-tree.ts'
import { LazyMap, TemplateError } from './template.ts'

/** What expressions work with: plain values, lazy mappings, functions, objects, and the mark of a name that does not exist. */
export type Runtime = Value | LazyMap | Undefined | Callable | PythonObject

/** A value that is more than data, such as a date. Outside of its expression it is its text. */
export abstract class PythonObject {
  abstract readonly type: string
  /** What objects of one type are ordered by. */
  abstract readonly rank: number
  /** Python's `str()`. */
  abstract text(): string
  /** A part or a method; undefined when it has none of that name. */
  abstract attribute(name: string): Value | Callable | undefined
  /** `this + other` and the like; undefined for what Python cannot compute either. */
  abstract binary(operator: BinaryOperator, other: Runtime): Runtime | undefined
}

/** A name or attribute that does not exist. Only `default`, `defined` and their like may touch it. */
export class Undefined {
  readonly message: string
  readonly undefinedName: string
  /** `x if y` without `else` prints nothing when y is false, in Jinja2 even when undefined names are errors. */
  readonly printsNothing: boolean
  constructor(message: string, undefinedName: string, printsNothing = false) {
    this.message = message
    this.undefinedName = undefinedName
    this.printsNothing = printsNothing
  }
}

/** A function, macro or method that an expression may call. */
export class Callable {
  readonly name: string
  readonly call: (positional: readonly Runtime[], named: ReadonlyMap<string, Runtime>) => Runtime
  /** May be given names that do not exist, and ask whether they do. */
  readonly isMacro: boolean
  constructor(
    name: string,
    call: (positional: readonly Runtime[], named: ReadonlyMap<string, Runtime>) => Runtime,
    { isMacro = false } = {},
  ) {
    this.isMacro = isMacro
    this.name = name
    this.call = call
  }
}

/** The value when it exists and is data; throws TemplateError otherwise. Lazy mappings are read whole. */
export function plain(value: Runtime, line?: number): Value {
  const details = line === undefined ? {} : { line }
  if (value instanceof Undefined) {
    if (value.printsNothing) return ''
    throw new TemplateError(value.message, { ...details, undefinedName: value.undefinedName })
  }
  if (value instanceof Callable) {
    throw new TemplateError(`'${value.name}' is a function: call it with parentheses`, details)
  }
  if (value instanceof PythonObject) return value.text()
  if (value instanceof LazyMap) {
    const result: { [key: string]: Value } = Object.create(null)
    for (const key of value.keys()) {
      const item = value.get(key)
      if (item !== undefined) result[key] = plain(item, line)
    }
    return result
  }
  return value
}

export type Dictionary = { [key: string]: Value }

export function isDictionary(value: Runtime): value is Dictionary {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Undefined) &&
    !(value instanceof Callable) &&
    !(value instanceof PythonObject) &&
    !(value instanceof LazyMap)
  )
}

/** An empty mapping whose keys may come from outside: `__proto__` is a key like any other. */
export function newDictionary(entries: Iterable<readonly [string, Value]> = []): Dictionary {
  const result: Dictionary = Object.create(null)
  for (const [key, value] of entries) result[key] = value
  return result
}

/** Python's name of a value's type, for messages. */
export function typeName(value: Runtime): string {
  if (value === null) return 'none'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float'
  if (value instanceof Undefined) return 'undefined'
  if (value instanceof Callable) return 'function'
  if (value instanceof PythonObject) return value.type
  return 'dictionary'
}

/** Python's truth: empty text, lists and mappings, zero and none are false. */
export function isTruthy(value: Value): boolean {
  if (value === null || value === false || value === 0 || value === '') return false
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object') return Object.keys(value).length > 0
  return true
}
