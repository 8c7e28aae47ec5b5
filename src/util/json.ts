import type { Value } from '../model/value.ts'

/** The value that a text from outside holds; undefined when it is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What JSON would keep of a value: optional fields that are undefined go, classes become plain. */
export function plainData(value: unknown): Value {
  return JSON.parse(JSON.stringify(value)) as Value
}

/** JSON with sorted keys, so that the order in which a person wrote them does not count. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}
