import type { Location } from '../model/location.ts'

/** One mistake in what a person wrote. All of them are collected and reported at once. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  /** Stable identifier from the error catalogue, e.g. `unknown-parameter`. */
  readonly code: string
  readonly message: string
  readonly location?: Location
  /** What to do; "did you mean …". */
  readonly hint?: string
}
