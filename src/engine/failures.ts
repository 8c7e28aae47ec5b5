import type { Failure } from '../model/failure.ts'
import { FailureError } from '../model/failure.ts'
import type { Location } from '../model/location.ts'
import { TemplateError } from '../template/template.ts'

/** The one place where what was thrown becomes a Failure. What nobody foresaw is `unexpected`, with its stack. */
export function failureOf(error: unknown, location?: Location): Failure {
  const at = location === undefined ? {} : { location }
  if (error instanceof FailureError) return { ...at, ...error.failure }
  if (error instanceof TemplateError) return templateFailure(error, at)
  if (error instanceof Error && error.name === 'AbortError') {
    return { reason: 'cancelled', code: 'cancelled', message: 'The task was cancelled.', ...at }
  }
  const message = error instanceof Error ? error.message : String(error)
  const details = error instanceof Error && error.stack !== undefined ? { details: error.stack } : {}
  return {
    reason: 'unexpected',
    code: 'unexpected',
    message: `Unexpected: ${message}`,
    hint: 'This is a mistake in hvlab; please report it with the details.',
    ...at,
    ...details,
  }
}

function templateFailure(error: TemplateError, at: { readonly location?: Location }): Failure {
  const isUndefined = error.undefinedName !== undefined
  return {
    reason: 'module',
    code: isUndefined ? 'variable-undefined' : 'template-error',
    message: error.message,
    ...(isUndefined ? { hint: 'Define it, or give a value for when it is not: `name | default(…)`.' } : {}),
    ...at,
  }
}

/** A failure whose text says nothing: for tasks with `no_log`. */
export function censored(failure: Failure): Failure {
  const { reason, code, location } = failure
  const message = "The task failed; why is hidden because 'no_log' is set."
  return { reason, code, message, ...(location === undefined ? {} : { location }) }
}

export function cancelledFailure(): Failure {
  return { reason: 'cancelled', code: 'cancelled', message: 'The run was interrupted.' }
}
