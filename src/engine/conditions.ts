import { FailureError } from '../model/failure.ts'
import type { Value } from '../model/value.ts'
import { evaluate, render, renderValue } from '../template/jinja.ts'
import { isTruthy } from '../template/runtime-value.ts'
import type { Scope } from '../template/template.ts'
import { hasTemplate, TemplateError } from '../template/template.ts'

/** The first condition that is not true, or undefined when all are. */
export function firstFalse(keyword: string, conditions: readonly Value[], scope: Scope): Value | undefined {
  return conditions.find((condition) => !isTrue(keyword, condition, scope))
}

/**
 * A condition's value. As in Python, what is empty, none or 0 is false. Text that says yes or no is an error, because Ansible's truth
 * of text ("false" is true) has surprised everybody once.
 */
export function isTrue(keyword: string, condition: Value, scope: Scope): boolean {
  const value = typeof condition === 'string' ? conditionValue(keyword, condition, scope) : condition
  if (typeof value === 'string' && word.test(value)) throw notBoolean(keyword, condition, value)
  return isTruthy(value)
}

const word = /^\s*(true|false|yes|no|on|off|y|n|t|f|0|1|none|null)\s*$/i

function conditionValue(keyword: string, condition: string, scope: Scope): Value {
  try {
    return evaluate(hasTemplate(condition) ? render(condition, scope) : condition, scope)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const isUndefined = error.undefinedName !== undefined
    throw new FailureError(
      {
        reason: 'module',
        code: isUndefined ? 'variable-undefined' : 'template-error',
        message: `${keyword}: ${condition}: ${error.message}`,
        ...(isUndefined ? { hint: `Ask first: \`${error.undefinedName} is defined and …\`.` } : {}),
      },
      { cause: error },
    )
  }
}

function notBoolean(keyword: string, condition: Value, value: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'condition-not-boolean',
    message: `${keyword}: ${String(condition)}: the condition is the text ${JSON.stringify(value)}, neither true nor false.`,
    hint: `Write \`${String(condition)} | bool\`, or compare it with something.`,
  })
}

/** A keyword that is on or off (`become`, `no_log` …): may be a template, or Ansible's words for yes and no. */
export function flag(keyword: string, value: Value | undefined, scope: Scope): boolean | undefined {
  if (value === undefined || value === null) return undefined
  const rendered = renderValue(value, scope)
  if (typeof rendered === 'boolean') return rendered
  const word = String(rendered).toLowerCase()
  if (['yes', 'true', 'on', '1', 'y', 't'].includes(word)) return true
  if (['no', 'false', 'off', '0', 'n', 'f', ''].includes(word)) return false
  throw new FailureError({
    reason: 'module',
    code: 'keyword-invalid',
    message: `${keyword} is ${JSON.stringify(rendered)}, neither yes nor no.`,
  })
}

/** A keyword that is a number (`retries`, `delay`, `timeout`). */
export function numberOf(keyword: string, value: Value | undefined, scope: Scope): number | undefined {
  if (value === undefined || value === null) return undefined
  const rendered = renderValue(value, scope)
  const number = typeof rendered === 'string' && rendered.trim() !== '' ? Number(rendered) : rendered
  if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number
  throw new FailureError({
    reason: 'module',
    code: 'keyword-invalid',
    message: `${keyword} is ${JSON.stringify(rendered)}, not a number from 0.`,
  })
}
