import type { Value } from '../model/value.ts'
import { listOf } from './filter-arguments.ts'
import { isDictionary } from './runtime-value.ts'
import { TemplateError } from './template.ts'

/** Pairs of an item and each entry of the list that the path (`keys`, `mysql.hosts`) names in it. */
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
