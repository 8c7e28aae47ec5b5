import type { Value } from '../model/value.ts'
import { percentFormat } from './percent-format.ts'
import { pythonRepr, pythonText } from './python-text.ts'
import { TemplateError } from './template.ts'

/** Python's `'{} {name:>8} {0:05.1f}'.format(…)`: places, names and the specification after the colon. */
export function braceFormat(
  format: string,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
): string {
  let next = 0
  return format.replace(
    /\{\{|\}\}|\{(\w*)(?:!([rs]))?(?::([^{}]*))?\}/g,
    (whole: string, key?: string, conversion?: string, specification?: string) => {
      if (key === undefined) return whole[0] ?? ''
      let value: Value | undefined
      if (key === '') {
        value = args[next]
        next += 1
      } else {
        value = /^\d+$/.test(key) ? args[Number(key)] : named.get(key)
      }
      if (value === undefined) throw new TemplateError(`no value for '${whole}' of the format`)
      const shown = conversion === 'r' ? pythonRepr(value) : conversion === 's' ? textOf(value) : value
      return specification ? specified(shown, specification, whole) : textOf(shown)
    },
  )
}

const textOf = (value: Value): string => (value === null ? 'None' : pythonText(value))

/** The mini-language of Python's `format`: `[[fill]align][sign][#][0][width][,][.precision][type]`. */
function specified(value: Value, specification: string, whole: string): string {
  const match = /^(?:(.)?([<>^=]))?([-+ ])?(#)?(0)?(\d+)?(,)?(?:\.(\d+))?([a-zA-Z%])?$/su.exec(specification)
  if (match === null) throw new TemplateError(`unknown format '${whole}'`)
  const [, fill = match[5] ? '0' : ' ', given, sign = '', hash = '', , width = '0', comma, precision, type] =
    match
  const isNumber = typeof value === 'number' && type !== 's'
  const align = given ?? (match[5] && isNumber ? '=' : isNumber ? '>' : '<')
  const digits = precision === undefined ? '' : `.${precision}`
  let text = percentFormat(
    `%${sign}${hash}${digits}${type === '%' ? 'f' : (type ?? kindOf(value, precision))}`,
    [type === '%' ? Number(value) * 100 : value],
  )
  if (type === '%') text += '%'
  if (comma)
    text = text.replace(
      /^([-+ ]?)(\d+)/,
      (_, before: string, whole: string) => before + whole.replace(/\B(?=(\d{3})+$)/g, ','),
    )
  return aligned(text, fill, align, Number(width))
}

function kindOf(value: Value, precision: string | undefined): string {
  if (typeof value !== 'number') return 's'
  return precision !== undefined ? 'g' : Number.isInteger(value) ? 'd' : 's'
}

function aligned(text: string, fill: string, align: string, width: number): string {
  const missing = Math.max(0, width - [...text].length)
  if (align === '<') return text + fill.repeat(missing)
  if (align === '>') return fill.repeat(missing) + text
  if (align === '^') return fill.repeat(Math.floor(missing / 2)) + text + fill.repeat(Math.ceil(missing / 2))
  const sign = /^[-+ ]/.exec(text)?.[0] ?? ''
  return sign + fill.repeat(missing) + text.slice(sign.length)
}
