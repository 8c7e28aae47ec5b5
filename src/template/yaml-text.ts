import type { Value } from '../model/value.ts'
import { isDictionary } from './runtime-value.ts'

/**
 * YAML as PyYAML's `dump` writes it with `default_flow_style: false` and Ansible's options (`to_nice_yaml`: indent 4;
 * `to_yaml`: flow style for innermost collections). Only what a `Value` can hold; text that YAML 1.1 would read as
 * something else is quoted.
 */
export function yamlText(value: Value, indent: number, sortKeys: boolean, flow: Flow = 'never'): string {
  if (isEmpty(value) || !isCollection(value)) return `${scalar(value)}\n`
  if (isInline(value, flow)) return `${inline(value, sortKeys)}\n`
  return `${block(value, 0, { indent, sortKeys, flow }).join('\n')}\n`
}

function isCollection(value: Value): boolean {
  return typeof value === 'object' && value !== null
}

function isEmpty(value: Value): boolean {
  return (
    (Array.isArray(value) && value.length === 0) || (isDictionary(value) && Object.keys(value).length === 0)
  )
}

interface Layout {
  readonly indent: number
  readonly sortKeys: boolean
  readonly flow: Flow
}

function block(value: Value, column: number, layout: Layout): string[] {
  const { indent, sortKeys, flow } = layout
  const margin = ' '.repeat(column)
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      if (isEmpty(item) || !isCollection(item)) return [`${margin}- ${scalar(item)}`]
      if (isInline(item, flow)) return [`${margin}- ${inline(item, sortKeys)}`]
      // PyYAML fills the dash up to the indent: `-   a: 1` with four.
      const lines = block(item, column + Math.max(2, indent), layout)
      const [first = '', ...rest] = lines
      return [`${margin}-${' '.repeat(Math.max(1, indent - 1))}${first.trimStart()}`, ...rest]
    })
  }
  if (!isDictionary(value)) return [margin + scalar(value)]
  return keysOf(value, sortKeys).flatMap((key) => {
    const item = value[key] ?? null
    const name = `${margin}${scalar(key)}:`
    if (isEmpty(item) || !isCollection(item)) return [`${name} ${scalar(item)}`]
    if (isInline(item, flow)) return [`${name} ${inline(item, sortKeys)}`]
    // Lists of a mapping are not indented further, as PyYAML writes them.
    return [name, ...block(item, Array.isArray(item) ? column : column + indent, layout)]
  })
}

function keysOf(value: { [key: string]: Value }, sortKeys: boolean): string[] {
  const keys = Object.keys(value)
  return sortKeys ? keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)) : keys
}

/** Which collections stand in one line: none, those that hold none, or all (PyYAML's default_flow_style). */
export type Flow = 'never' | 'innermost' | 'always'

function isInline(value: Value, flow: Flow): boolean {
  if (flow !== 'innermost') return flow === 'always'
  return Object.values(value ?? {}).every((item) => !isCollection(item as Value))
}

/** `[1, {a: b}]`. */
function inline(value: Value, sortKeys: boolean): string {
  if (Array.isArray(value)) return `[${value.map((item) => inline(item, sortKeys)).join(', ')}]`
  if (isDictionary(value)) {
    const entries = keysOf(value, sortKeys).map(
      (key) => `${word(key)}: ${inline(value[key] ?? null, sortKeys)}`,
    )
    return `{${entries.join(', ')}}`
  }
  return typeof value === 'string' ? word(value) : scalar(value)
}

function word(text: string): string {
  return /[,[\]{}]/.test(text) ? quoted(text) : scalar(text)
}

function scalar(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return '.nan'
    if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf'
    return String(value)
  }
  if (Array.isArray(value)) return '[]'
  if (isDictionary(value)) return '{}'
  return needsQuotes(value) ? quoted(value) : value
}

const readsAsOther =
  /^(?:~|null|true|false|yes|no|on|off|[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:e[-+]?\d+)?|0x[\da-f_]+|0b[01_]+|[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?|[-+]?\.(?:inf|nan)|\d{4}-\d\d?-\d\d?.*|<<|=)$/i

function needsQuotes(text: string): boolean {
  return (
    text === '' ||
    readsAsOther.test(text) ||
    (/^[\s\-?:,[\]{}#&*!|>'"%@`]/.test(text) && !/^[-?:][^\s]/.test(text)) ||
    /[\0-\x1f\x7f]|:\s|:$|\s#|\s$/.test(text)
  )
}

function quoted(text: string): string {
  if (/[\0-\x1f\x7f]/.test(text)) return JSON.stringify(text)
  return `'${text.replaceAll("'", "''")}'`
}
