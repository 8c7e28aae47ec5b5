import type { Value } from '../model/value.ts'
import type { Filter } from './filter-arguments.ts'
import { define, listOf, textOf } from './filter-arguments.ts'
import { binary, order } from './operators.ts'
import { pythonRepr } from './python-text.ts'
import { plain } from './runtime-value.ts'
import { TemplateError } from './template.ts'

const units = ['', 'K', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']

function numberOf(value: Value, filter: string): number {
  const number =
    typeof value === 'boolean' ? Number(value) : typeof value === 'string' ? readFloat(value) : value
  if (typeof number === 'number') return number
  throw new TemplateError(`'${filter}' needs a number, got ${pythonRepr(value)}`)
}

/** Python's `float()`; undefined for text that is no number. */
function readFloat(text: string): number | undefined {
  const word = /^\s*([-+]?)(?:(nan)|inf(?:inity)?)\s*$/i.exec(text)
  if (word !== null) return word[2] ? Number.NaN : word[1] === '-' ? -Infinity : Infinity
  return /^\s*[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(text)
    ? Number(text.replaceAll('_', ''))
    : undefined
}

function toInteger(value: Value, base: number): number {
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'number') return Math.trunc(value)
  if (typeof value !== 'string') return Number.NaN
  if (base === 10) return Math.trunc(readFloat(value) ?? Number.NaN)
  const digits = value.trim().replace(base === 16 ? /^0x/i : base === 8 ? /^0o/i : /^0b/i, '')
  return Number.parseInt(digits, base)
}

function bytesText(size: number, bits: boolean, unit: string | null): string {
  const suffix = bits ? 'b' : 'B'
  let index = unit === null ? 0 : units.indexOf(unit.slice(0, 1).toUpperCase())
  if (index === -1) index = 0
  if (unit === null) while (index < units.length - 1 && size >= 1024 ** (index + 1)) index += 1
  const name = index === 0 ? (bits ? 'bits' : 'Bytes') : `${units[index]}${suffix}`
  return `${(size / 1024 ** index).toFixed(2)} ${name}`
}

/** Ansible's reading: the letter of the unit counts, and a second one must be `B` for bytes or `b` for bits. */
function sizeBytes(text: string, fallbackUnit: string | null, bits: boolean): number {
  const match = /^\s*(\d+\.?\d*|\.\d+)\s*([A-Za-z]+)?/.exec(text)
  if (match === null) throw new TemplateError(`'human_to_bytes' does not understand ${pythonRepr(text)}`)
  const unit = match[2] ?? fallbackUnit ?? 'B'
  const letter = unit.slice(0, 1).toUpperCase()
  const index = letter === 'B' ? 0 : units.indexOf(letter)
  if (index === -1) throw new TemplateError(`'human_to_bytes' does not know the unit of ${pythonRepr(text)}`)
  const kind = bits ? { letter: 'b', name: 'bit' } : { letter: 'B', name: 'byte' }
  if (unit.length > 1 && unit[1] !== kind.letter && !unit.toLowerCase().includes(kind.name)) {
    throw new TemplateError(
      `'human_to_bytes' counts ${kind.name}s, and '${unit}' is none: write ${letter === 'B' ? '' : letter}${kind.letter}`,
    )
  }
  return roundHalfEven(Number(match[1]) * 1024 ** index)
}

const sum = (values: readonly Value[], start: Value): Value =>
  values.reduce<Value>((total, value) => binary('+', total, value), start)

function extreme(input: Value, filter: string, sign: 1 | -1): Value {
  const values = listOf(input, filter)
  const first = values[0]
  if (first === undefined) throw new TemplateError(`'${filter}' of an empty list`)
  return values.reduce<Value>((best, value) => (order(value, best) * sign > 0 ? value : best), first)
}

/** Filters about numbers, and conversions to them. */
export const numberFilters: readonly (readonly [string, Filter])[] = [
  define('int', ['default', 'base'], (input, args) => {
    const value = toInteger(input, args.number('base', 10))
    return Number.isFinite(value) ? value : args.value('default', 0)
  }),
  define('float', ['default'], (input, args) => {
    const value =
      typeof input === 'string' ? readFloat(input) : typeof input === 'boolean' ? Number(input) : input
    return typeof value === 'number' ? value : args.value('default', 0)
  }),
  define('bool', [], (input) => {
    if (input === null || typeof input === 'boolean') return input
    return ['yes', 'on', '1', 'true'].includes(String(input).toLowerCase())
  }),
  define('abs', [], (input) => Math.abs(numberOf(input, 'abs'))),
  define('round', ['precision', 'method'], (input, args) => {
    const precision = args.number('precision', 0)
    const scale = 10 ** precision
    const value = numberOf(input, 'round') * scale
    const method = args.text('method', 'common')
    if (method === 'ceil') return Math.ceil(value) / scale
    if (method === 'floor') return Math.floor(value) / scale
    return precision > 0 ? rounded(numberOf(input, 'round'), precision) : roundHalfEven(value) / scale
  }),
  define('sum', ['attribute', 'start'], (input, args, context) => {
    const values = listOf(input, 'sum')
    if (!args.has('attribute')) return sum(values, args.value('start', 0))
    const name = args.text('attribute')
    return sum(
      values.map((value) => plain(context.attribute(value, name))),
      args.value('start', 0),
    )
  }),
  define('min', [], (input) => extreme(input, 'min', -1)),
  define('max', [], (input) => extreme(input, 'max', 1)),
  define('log', ['base'], (input, args) =>
    args.has('base')
      ? Math.log(numberOf(input, 'log')) / Math.log(args.number('base'))
      : Math.log(numberOf(input, 'log')),
  ),
  define('pow', ['power'], (input, args) => numberOf(input, 'pow') ** args.number('power')),
  define('root', ['base'], (input, args) => numberOf(input, 'root') ** (1 / args.number('base', 2))),
  define('human_readable', ['isbits', 'unit'], (input, args) =>
    bytesText(
      numberOf(input, 'human_readable'),
      args.flag('isbits'),
      args.has('unit') ? args.text('unit') : null,
    ),
  ),
  define('human_to_bytes', ['default_unit', 'isbits'], (input, args) =>
    sizeBytes(
      textOf(input, 'human_to_bytes'),
      args.has('default_unit') ? args.text('default_unit') : null,
      args.flag('isbits'),
    ),
  ),
  define('filesizeformat', ['binary'], (input, args) => {
    const base = args.flag('binary') ? 1024 : 1000
    const size = numberOf(input, 'filesizeformat')
    if (size < base) return `${size} Bytes`
    const index = Math.min(Math.floor(Math.log(size) / Math.log(base)), units.length - 1)
    return `${(size / base ** index).toFixed(1)} ${(units[index] ?? '').replace('K', base === 1000 ? 'k' : 'K')}${base === 1024 ? 'i' : ''}B`
  }),
]

/** Python's `round`: by the number's exact value, so that 2.675, which is a little less, becomes 2.67; ties go to the even digit. */
function rounded(value: number, digits: number): number {
  const exact = value.toFixed(Math.min(100, digits + 60))
  if (exact.includes('e')) return value
  const point = exact.indexOf('.') + 1 + digits
  const isTie = /^50*$/.test(exact.slice(point))
  if (!isTie) return Number(value.toFixed(digits))
  return roundHalfEven(value * 10 ** digits) / 10 ** digits
}

/** Python's `round` to a whole number. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  if (Math.abs(value - floor - 0.5) > Number.EPSILON * Math.abs(value)) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
