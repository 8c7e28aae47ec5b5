import type { Value } from '../model/value.ts'
import { isDictionary } from './runtime-value.ts'

/**
 * YAML as PyYAML's `dump` writes it with `default_flow_style: false` and Ansible's options (`to_nice_yaml`: indent 4;
 * `to_yaml`: flow style for innermost collections). Only what a `Value` can hold; text that YAML 1.1 would read as
 * something else is quoted.
 */
export function yamlText(value: Value, indent: number, sortKeys: boolean): string {
  if (isEmpty(value) || !isCollection(value)) return `${scalar(value)}\n`
  return `${block(value, 0, indent, sortKeys).join('\n')}\n`
}

function isCollection(value: Value): boolean {
  return typeof value === 'object' && value !== null
}

function isEmpty(value: Value): boolean {
  return (
    (Array.isArray(value) && value.length === 0) || (isDictionary(value) && Object.keys(value).length === 0)
  )
}

function block(value: Value, column: number, indent: number, sortKeys: boolean): string[] {
  const margin = ' '.repeat(column)
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      if (isEmpty(item) || !isCollection(item)) return [`${margin}- ${scalar(item)}`]
      // PyYAML fills the dash up to the indent: `-   a: 1` with four.
      const lines = block(item, column + Math.max(2, indent), indent, sortKeys)
      const [first = '', ...rest] = lines
      return [`${margin}-${' '.repeat(Math.max(1, indent - 1))}${first.trimStart()}`, ...rest]
    })
  }
  if (!isDictionary(value)) return [margin + scalar(value)]
  const keys = Object.keys(value)
  if (sortKeys) keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return keys.flatMap((key) => {
    const item = value[key] ?? null
    const name = `${margin}${scalar(key)}:`
    if (isEmpty(item) || !isCollection(item)) return [`${name} ${scalar(item)}`]
    // Lists of a mapping are not indented further, as PyYAML writes them.
    return [name, ...block(item, Array.isArray(item) ? column : column + indent, indent, sortKeys)]
  })
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
  /^(?:~|null|true|false|yes|no|on|off|y|n|[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:e[-+]?\d+)?|0x[\da-f_]+|0b[01_]+|[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?|[-+]?\.(?:inf|nan)|\d{4}-\d\d?-\d\d?.*|<<|=)$/i

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
