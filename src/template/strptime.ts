import { DateTime } from './date-time.ts'
import { pythonRepr } from './python-text.ts'
import { months, weekdays } from './strftime.ts'
import { TemplateError } from './template.ts'

const oneOf = (names: readonly string[], length?: number): string =>
  names.map((name) => name.slice(0, length)).join('|')

/** What a directive reads, as Python's `_strptime` has it. */
const directives: Readonly<Record<string, string>> = {
  Y: '\\d{4}',
  m: '1[0-2]|0[1-9]|[1-9]',
  d: '3[01]|[12]\\d|0[1-9]|[1-9]| [1-9]',
  H: '2[0-3]|[01]\\d|\\d',
  I: '1[0-2]|0[1-9]|[1-9]',
  M: '[0-5]\\d|\\d',
  S: '6[01]|[0-5]\\d|\\d',
  f: '\\d{1,6}',
  y: '\\d\\d',
  j: '36[0-6]|3[0-5]\\d|[12]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9]',
  b: oneOf(months, 3),
  B: oneOf(months),
  a: oneOf(weekdays, 3),
  A: oneOf(weekdays),
  p: 'AM|PM',
  z: '[+-]\\d\\d:?[0-5]\\d|Z',
  Z: 'UTC|GMT',
}

/** Python's `datetime.strptime`. Throws TemplateError for a text that is not of the format. */
export function strptime(text: string, format: string): DateTime {
  const keys: string[] = []
  const source = format
    .replaceAll('%F', '%Y-%m-%d')
    .replaceAll('%T', '%H:%M:%S')
    .replace(/%(.)|\s+|[.*+?^${}()|[\]\\/]/gs, (whole: string, key?: string) => {
      if (key === undefined) return /^\s/.test(whole) ? '\\s+' : `\\${whole}`
      if (key === '%') return '%'
      const reads = Object.hasOwn(directives, key) ? directives[key] : undefined
      if (reads === undefined) throw new TemplateError(`'to_datetime' does not know '%${key}' of its format`)
      keys.push(key)
      return `(${reads})`
    })
  const match = new RegExp(`^${source}$`, 'i').exec(text)
  if (match === null) {
    throw new TemplateError(`'to_datetime' cannot read ${pythonRepr(text)} as '${format}'`)
  }
  return dateTimeOf(text, new Map(keys.map((key, index) => [key, match[index + 1] ?? ''])))
}

function dateTimeOf(text: string, parts: ReadonlyMap<string, string>): DateTime {
  const number = (key: string): number | undefined =>
    parts.has(key) ? Number(parts.get(key)?.trim()) : undefined
  const month = number('m') ?? monthNumber(parts.get('b') ?? parts.get('B')) ?? 1
  // A year of two digits: POSIX has 69 to 99 in the last century.
  const short = number('y')
  const year = number('Y') ?? (short === undefined ? 1900 : short + (short < 69 ? 2000 : 1900))
  const day = number('d') ?? 1
  const half = number('I')
  const afternoon = parts.get('p')?.toUpperCase() === 'PM' ? 12 : 0
  const hour = half === undefined ? (number('H') ?? 0) : (half % 12) + afternoon
  const dayOfYear = number('j')
  const wall =
    dayOfYear === undefined
      ? Date.UTC(year, month - 1, day, hour, number('M') ?? 0, number('S') ?? 0)
      : Date.UTC(year, 0, dayOfYear, hour, number('M') ?? 0, number('S') ?? 0)
  if (dayOfYear === undefined && new Date(wall).getUTCDate() !== day) {
    throw new TemplateError(`'to_datetime': ${pythonRepr(text)} is no day of the calendar`)
  }
  return new DateTime(wall * 1000 + Number((parts.get('f') ?? '').padEnd(6, '0')), offsetOf(parts.get('z')))
}

function monthNumber(name: string | undefined): number | undefined {
  if (name === undefined) return undefined
  return months.findIndex((month) => month.toLowerCase().startsWith(name.toLowerCase())) + 1
}

function offsetOf(zone: string | undefined): number | null {
  if (zone === undefined) return null
  if (/^z$/i.test(zone)) return 0
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}
