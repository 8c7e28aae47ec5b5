import { nominalLevel } from './statistics.ts'

/** How figures are written for people, everywhere the same. English number format, whatever the controller's locale. */

const rate = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
// Zeros at the end stay: what was measured as 1.00 was not measured as 1.
const two = new Intl.NumberFormat('en', { minimumSignificantDigits: 2, maximumSignificantDigits: 2 })
const small = new Intl.NumberFormat('en', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 })

/** A measured rate or size: whole from 100 on, else three significant digits. */
export function figure(value: number): string {
  return Math.abs(value) >= 100 ? rate.format(value) : small.format(value)
}

/** `8.4 ×`, `34 ×`, `1.02 ×`; what is far below one keeps two significant digits. What rounds to 2 or 20 is written as that. */
export function times(value: number): string {
  if (value < 0.1) return `${two.format(value)} ×`
  return `${value >= 19.95 ? rate.format(value) : value.toFixed(value >= 1.995 ? 1 : 2)} ×`
}

/** `11.9 %`; two significant digits below ten; `−170 %` with a minus sign, no hyphen. */
export function percent(value: number): string {
  const size = Math.abs(value)
  const text = size >= 99.95 ? rate.format(size) : size >= 9.95 ? size.toFixed(1) : two.format(size)
  return `${value < 0 ? '−' : ''}${text} %`
}

/** A limit as it was set, a share of 1: `2 %`, `0.5 %`. No digit is added, as a measured percentage has them. */
export function limit(share: number): string {
  return `${Number((share * 100).toPrecision(12))} %`
}

/** `8.1–8.9 ×`, or an em dash when there is no interval. */
export function range(
  low: number | undefined,
  high: number | undefined,
  write: (value: number) => string,
): string {
  if (low === undefined || high === undefined) return '—'
  const [from, to] = [write(low), write(high)]
  if (from === to) return to
  const unit = to.match(/ [^ ]+$/)?.[0] ?? ''
  return `${unit !== '' && from.endsWith(unit) ? from.slice(0, -unit.length) : from}–${to}`
}

/**
 * `95 % interval`. Of fewer than six blocks it is their range, which is less sure, and then says how sure. Where the intervals
 * of a column are not equally sure: `75–95 % interval`.
 */
export function intervalHeading(estimates: readonly { readonly level?: number }[]): string {
  const levels = estimates.flatMap(({ level }) => level ?? [])
  const [least, most] =
    levels.length === 0 ? [nominalLevel, nominalLevel] : [Math.min(...levels), Math.max(...levels)]
  return `${range(least, most, (level) => `${Number((level * 100).toFixed(1))} %`)} interval`
}

/** Measured seconds as ns, µs, ms or s, with three significant digits; from two minutes on in whole seconds. */
export function duration(seconds: number): string {
  if (seconds === 0) return '0 s'
  if (seconds < 1e-6) return `${small.format(seconds * 1e9)} ns`
  if (seconds < 1e-3) return `${small.format(seconds * 1e6)} µs`
  if (seconds < 1) return `${small.format(seconds * 1e3)} ms`
  if (seconds < 120) return `${small.format(seconds)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** Seconds as they were set, or that are expected: `90 s`, `30 min`. */
export function timeLimit(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  const rest = seconds % 60
  return `${Math.floor(seconds / 60)} min${rest === 0 ? '' : ` ${rest} s`}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** A title within a sentence: `computing primes`, but `AES encryption`. */
export function lowerFirst(title: string): string {
  return /^\p{Lu}(?![\p{Lu}\d-])/u.test(title) ? `${title.charAt(0).toLowerCase()}${title.slice(1)}` : title
}
