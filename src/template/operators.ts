import type { Value } from '../model/value.ts'
import { unreachable } from '../util/unreachable.ts'
import { percentFormat } from './percent-format.ts'
import { pythonText } from './python-text.ts'
import { isDictionary, typeName } from './runtime-value.ts'
import type { BinaryOperator, ComparisonOperator } from './syntax-tree.ts'
import { TemplateError } from './template.ts'

/** Python's arithmetic. Text and numbers do not mix. */
export function binary(operator: BinaryOperator, left: Value, right: Value): Value {
  if (operator === '~') return concatenated(left) + concatenated(right)
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return left + right
  if (operator === '+' && Array.isArray(left) && Array.isArray(right)) return [...left, ...right]
  if (operator === '%' && typeof left === 'string')
    return percentFormat(left, Array.isArray(right) ? right : [right])
  if (operator === '*') {
    if (typeof left === 'string' && typeof right === 'number') return repeat(left, right)
    if (Array.isArray(left) && typeof right === 'number') {
      return Array.from({ length: Math.max(0, right) }, () => left as Value[]).flat()
    }
  }
  const a = numeric(left)
  const b = numeric(right)
  if (a === null || b === null) {
    throw new TemplateError(`cannot compute ${typeName(left)} ${operator} ${typeName(right)}`)
  }
  return arithmetic(operator, a, b)
}

function arithmetic(operator: Exclude<BinaryOperator, '~'>, a: number, b: number): number {
  if ((operator === '/' || operator === '//' || operator === '%') && b === 0) {
    throw new TemplateError('division by zero')
  }
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '//':
      return Math.floor(a / b)
    case '%':
      // Python's remainder has the sign of the divisor.
      return a - b * Math.floor(a / b)
    case '**':
      return a ** b
    default:
      return unreachable(operator)
  }
}

function concatenated(value: Value): string {
  return value === null ? 'None' : pythonText(value)
}

function repeat(text: string, times: number): string {
  if (text.length * times > 16 * 1024 * 1024) throw new TemplateError('the repeated text would pass 16 MiB')
  return text.repeat(Math.max(0, times))
}

function numeric(value: Value): number | null {
  if (typeof value === 'number') return value
  return typeof value === 'boolean' ? Number(value) : null
}

export function compare(operator: ComparisonOperator, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right)
    case '!=':
      return !isEqual(left, right)
    case 'in':
      return contains(right, left)
    case 'not in':
      return !contains(right, left)
    case '<':
      return order(left, right, operator) < 0
    case '<=':
      return order(left, right, operator) <= 0
    case '>':
      return order(left, right, operator) > 0
    case '>=':
      return order(left, right, operator) >= 0
    default:
      return unreachable(operator)
  }
}

/** Deep equality; true equals 1 and false equals 0, as in Python. */
export function isEqual(left: Value, right: Value): boolean {
  const a = numeric(left)
  const b = numeric(right)
  if (a !== null && b !== null) return a === b
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => isEqual(item, right[index] ?? null))
  }
  if (isDictionary(left) && isDictionary(right)) {
    const keys = Object.keys(left)
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && isEqual(left[key] ?? null, right[key] ?? null))
    )
  }
  return left === right
}

/** Negative, zero or positive. Text is compared by code point, lists item by item. */
export function order(left: Value, right: Value, operator = '<'): number {
  const a = numeric(left)
  const b = numeric(right)
  if (a !== null && b !== null) return a - b
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0
  if (Array.isArray(left) && Array.isArray(right)) {
    for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
      const one = left[index] ?? null
      const other = right[index] ?? null
      if (!isEqual(one, other)) return order(one, other, operator)
    }
    return left.length - right.length
  }
  throw new TemplateError(`cannot compare ${typeName(left)} ${operator} ${typeName(right)}`)
}

/** Python's `in`: part of a text, item of a list, key of a mapping. */
export function contains(container: Value, item: Value): boolean {
  if (typeof container === 'string') {
    if (typeof item !== 'string') throw new TemplateError(`cannot look for ${typeName(item)} in a string`)
    return container.includes(item)
  }
  if (Array.isArray(container)) return container.some((member) => isEqual(member, item))
  if (isDictionary(container)) return Object.hasOwn(container, String(item))
  throw new TemplateError(`cannot look inside ${typeName(container)}`)
}
