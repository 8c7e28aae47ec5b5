/** Lines without empty ones; `\r` at the end of a line is dropped. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line !== '')
}

/** `key<separator>value` lines, the first of a key wins. */
export function pairs(text: string, separator: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const line of lines(text)) {
    const at = line.indexOf(separator)
    if (at < 0) continue
    const key = line.slice(0, at).trim()
    if (!found.has(key)) found.set(key, line.slice(at + separator.length).trim())
  }
  return found
}

/** A whole non-negative number, or null for anything else. */
export function count(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text.trim()) ? Number(text.trim()) : null
}

/** 0 for whatever is no number: NaN would pass every comparison with what is wanted, and digits without an end are Infinity. */
export function finite(value: unknown): number {
  const number = Number(value ?? 0)
  return Number.isFinite(number) ? number : 0
}

/** Seconds since the epoch, within what a Date can hold (8.64e12, ECMA-262); 0 for anything else that a host may say. */
export function epochSeconds(text: string | undefined): number {
  const seconds = Number(text)
  return Math.abs(seconds) < 8e12 ? seconds : 0
}
