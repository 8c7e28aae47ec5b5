import type { errorCodes } from '../model/error-codes.ts'
import { FailureError } from '../model/failure.ts'

/** A module found that it cannot do what was asked. `code` is one of the catalogue's. */
export function moduleFailure(
  code: keyof typeof errorCodes,
  message: string,
  hint?: string,
  details?: string,
): FailureError {
  return new FailureError({
    reason: 'module',
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined || details === '' ? {} : { details }),
  })
}

/** The end of what a command said, for a failure's details. */
export function lastLines(output: string, count = 10): string {
  return output.trimEnd().split('\n').slice(-count).join('\n')
}
