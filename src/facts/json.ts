import { parsedJson } from '../util/json.ts'

/** Careful reading of JSON that a host printed, or did not, where a tool is absent or old: wrong shapes become null or empty. */
export function list(source: string): unknown[] | null {
  const value = parsedJson(source)
  return Array.isArray(value) ? value : null
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
