import type { Location } from './location.ts'

/**
 * Why something did not work, as data. Expected failures travel as values; `docs/errors.md` lists every code
 * and a test keeps that list in step with the catalogue in `error-codes.ts`.
 */
export interface Failure {
  readonly reason: FailureReason
  /** Stable identifier from the catalogue, e.g. `guest-not-reachable`. Scripts may match on it. */
  readonly code: string
  /** One sentence: what is wrong. */
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
  readonly location?: Location
  /** Further evidence, e.g. the last lines of a serial log. */
  readonly details?: string
}

/**
 * - `config`       a file, option or inventory is wrong; nothing was touched (exit 1)
 * - `unreachable`  no connection to a host (exit 4)
 * - `host-key`     the host's key changed or is not accepted; counts as unreachable
 * - `exit-code`    a command ended with an exit code that means failure
 * - `timeout`      a deadline passed
 * - `cancelled`    the run was interrupted
 * - `module`       a module found that it cannot do what was asked
 * - `unexpected`   a bug in hvlab or an unforeseen exception
 */
export type FailureReason =
  | 'config'
  | 'unreachable'
  | 'host-key'
  | 'exit-code'
  | 'timeout'
  | 'cancelled'
  | 'module'
  | 'unexpected'

/** Carries a Failure through code that can only throw. Converted back to an event at one place in the engine. */
export class FailureError extends Error {
  readonly failure: Failure
  constructor(failure: Failure, options?: { cause?: unknown }) {
    super(failure.message, options)
    this.name = 'FailureError'
    this.failure = failure
  }
}
