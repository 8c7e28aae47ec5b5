/** Careful reading of JSON that a host printed: wrong shapes become null or empty, never an exception. */
export function list(source: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(source)
    return Array.isArray(value) ? value : null
  } catch {
    return null // Not JSON: the tool is absent or too old to print it.
  }
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
