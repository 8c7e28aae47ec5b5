import type { Value } from '../model/value.ts'
import { pythonRepr, pythonText } from './python-text.ts'
import { isDictionary } from './runtime-value.ts'
import { TemplateError } from './template.ts'

/** Python's `'%s %05.2f' % (a, b)`, and the filter `format`. A mapping as the only argument serves `%(name)s`. */
export function percentFormat(format: string, values: readonly Value[]): string {
  let next = 0
  return format.replace(
    /%(?:\(([^)]*)\))?([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (
      whole: string,
      key: string | undefined,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      type: string,
    ) => {
      if (type === '%') return '%'
      let value: Value | undefined
      if (key !== undefined) {
        const mapping = values[0] ?? null
        value = isDictionary(mapping) && Object.hasOwn(mapping, key) ? mapping[key] : undefined
      } else {
        value = values[next]
        next += 1
      }
      if (value === undefined) throw new TemplateError(`no value for '${whole}' of the format`)
      const text = conversion(whole, value, type, flags, precision)
      return pad(text, flags, Number(width ?? 0))
    },
  )
}

function conversion(
  whole: string,
  value: Value,
  type: string,
  flags: string,
  precision: string | undefined,
): string {
  if (type === 's') return cut(value === null ? 'None' : pythonText(value), precision)
  if (type === 'r') return cut(pythonRepr(value), precision)
  const number = typeof value === 'boolean' ? Number(value) : value
  if (typeof number !== 'number')
    throw new TemplateError(`'${whole}' needs a number, got ${pythonRepr(value)}`)
  const sign = number >= 0 && flags.includes('+') ? '+' : number >= 0 && flags.includes(' ') ? ' ' : ''
  switch (type) {
    case 'd':
    case 'i':
      return sign + Math.trunc(number).toString()
    case 'f':
    case 'F':
      return sign + number.toFixed(Number(precision ?? 6))
    case 'e':
    case 'E': {
      const text = number.toExponential(Number(precision ?? 6)).replace(/e([-+])(\d)$/, 'e$10$2')
      return sign + (type === 'E' ? text.toUpperCase() : text)
    }
    case 'g':
      return sign + String(Number(number.toPrecision(Math.max(1, Number(precision ?? 6)))))
    case 'x':
      return (flags.includes('#') ? '0x' : '') + Math.trunc(number).toString(16)
    case 'X':
      return (flags.includes('#') ? '0X' : '') + Math.trunc(number).toString(16).toUpperCase()
    case 'o':
      return (flags.includes('#') ? '0o' : '') + Math.trunc(number).toString(8)
    default:
      throw new TemplateError(`unknown format '${whole}'`)
  }
}

function cut(text: string, precision: string | undefined): string {
  return precision === undefined ? text : text.slice(0, Number(precision))
}

function pad(text: string, flags: string, width: number): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const sign = /^[-+ ]/.test(text) ? text.slice(0, 1) : ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}
