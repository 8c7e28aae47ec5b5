import type { Value } from '../model/value.ts'
import { listOf } from './filter-arguments.ts'
import { isDictionary, newDictionary } from './runtime-value.ts'
import { TemplateError } from './template.ts'

/** Pairs of an item and each entry of the list that the path (`keys`, `mysql.hosts`) names in it: the filter. */
export function subelements(from: Value, path: string, skipsMissing: boolean): Value[] {
  const items = isDictionary(from) ? Object.values(from) : listOf(from, 'subelements')
  return items.flatMap((item) => {
    const found = path
      .split('.')
      .reduce<Value | undefined>((value, key) => (value === undefined ? value : partOf(value, key)), item)
    if (found === undefined && skipsMissing) return []
    if (!Array.isArray(found)) throw new TemplateError(`'subelements': '${path}' of an item is no list`)
    return found.map((part): Value => [item, part])
  })
}

function partOf(value: Value, key: string): Value | undefined {
  return isDictionary(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** The same without that list in the item: the look-up. */
export function withoutSubelements(from: Value, path: string, skipsMissing: boolean): Value[] {
  const keys = path.split('.')
  return subelements(from, path, skipsMissing).map((pair) =>
    Array.isArray(pair) ? [without(pair[0] ?? null, keys), pair[1] ?? null] : pair,
  )
}

function without(value: Value, [key = '', ...rest]: readonly string[]): Value {
  if (!isDictionary(value)) return value
  return newDictionary(
    Object.entries(value).flatMap(([name, part]): [string, Value][] => {
      if (name !== key) return [[name, part]]
      return rest.length === 0 ? [] : [[name, without(part, rest)]]
    }),
  )
}
