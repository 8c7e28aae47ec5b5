import type { Value } from '../model/value.ts'
import type { CallContext } from './call-context.ts'
import { pythonText } from './python-text.ts'
import type { Dictionary, Runtime } from './runtime-value.ts'
import { isDictionary, isTruthy, plain, typeName } from './runtime-value.ts'
import { TemplateError } from './template.ts'

/** A filter: the input, then Python's positional and named arguments. */
export type Filter = (
  input: Runtime,
  positional: readonly Runtime[],
  named: ReadonlyMap<string, Runtime>,
  context: CallContext,
) => Runtime

/** Arguments of a filter, looked up by place or name and checked; complaints name the filter. */
export class FilterArguments {
  private readonly filter: string
  private readonly names: readonly string[]
  private readonly values = new Map<string, Value>()

  constructor(
    filter: string,
    names: readonly string[],
    positional: readonly Runtime[],
    named: ReadonlyMap<string, Runtime>,
  ) {
    this.filter = filter
    this.names = names
    if (positional.length > names.length) {
      throw new TemplateError(`'${filter}' takes at most ${names.length} arguments, got ${positional.length}`)
    }
    positional.forEach((value, index) => {
      this.values.set(names[index] ?? '', plain(value))
    })
    for (const [name, value] of named) {
      if (!names.includes(name)) throw new TemplateError(`'${filter}' has no argument '${name}'`)
      this.values.set(name, plain(value))
    }
  }

  has(name: string): boolean {
    return this.values.has(name)
  }

  value(name: string, fallback?: Value): Value {
    const value = this.values.get(name) ?? fallback
    if (value === undefined) {
      throw new TemplateError(`'${this.filter}' needs its argument ${this.names.indexOf(name) + 1} (${name})`)
    }
    return value
  }

  text(name: string, fallback?: string): string {
    const value = this.value(name, fallback)
    return typeof value === 'string' ? value : pythonText(value)
  }

  number(name: string, fallback?: number): number {
    const value = this.value(name, fallback)
    if (typeof value !== 'number') {
      throw new TemplateError(
        `argument '${name}' of '${this.filter}' must be a number, not ${typeName(value)}`,
      )
    }
    return value
  }

  flag(name: string, fallback = false): boolean {
    return isTruthy(this.value(name, fallback))
  }
}

/** A filter over plain values with named parameters in order. */
export function define(
  name: string,
  parameters: readonly string[],
  apply: (input: Value, args: FilterArguments, context: CallContext) => Runtime,
): readonly [string, Filter] {
  return [
    name,
    (input, positional, named, context) =>
      apply(plain(input), new FilterArguments(name, parameters, positional, named), context),
  ]
}

/** A list, or a complaint that names the filter. Keys for a mapping, characters for a text: as Python iterates. */
export function listOf(value: Value, filter: string): readonly Value[] {
  if (Array.isArray(value)) return value
  if (typeof value === 'string') return [...value]
  if (isDictionary(value)) return Object.keys(value)
  throw new TemplateError(`'${filter}' needs a list, not ${typeName(value)}`)
}

export function dictionaryOf(value: Value, filter: string): Dictionary {
  if (isDictionary(value)) return value
  throw new TemplateError(`'${filter}' needs a dictionary, not ${typeName(value)}`)
}

export function textOf(value: Value, filter: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return pythonText(value)
  throw new TemplateError(`'${filter}' needs text, not ${typeName(value)}`)
}
