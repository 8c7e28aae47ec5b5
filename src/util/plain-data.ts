import type { Value } from '../model/value.ts'

/** What JSON would keep of a value: optional fields that are undefined go, classes become plain. */
export function plainData(value: unknown): Value {
  return JSON.parse(JSON.stringify(value)) as Value
}
