import type { Failure } from './failure.ts'
import type { Vars } from './value.ts'

/** What a task did on one host. `data` is what `register` keeps, with Ansible's result names (snake case). */
export interface TaskResult {
  readonly outcome: Outcome
  readonly data: Vars
}

export type Outcome =
  | { readonly kind: 'ok'; readonly why?: string }
  | { readonly kind: 'changed' }
  | { readonly kind: 'skipped'; readonly why: string }
  | {
      readonly kind: 'failed'
      readonly failure: Failure
      readonly ignored?: boolean
      readonly rescued?: boolean
    }
  | { readonly kind: 'unreachable'; readonly failure: Failure }

/** Ansible's recap counters for one host; `ok` includes `changed`. */
export interface RecapCounts {
  ok: number
  changed: number
  unreachable: number
  failed: number
  skipped: number
  rescued: number
  ignored: number
}

/** A unified diff, or before and after, as text of a file or object. */
export interface Diff {
  readonly before: string
  readonly after: string
  readonly beforeLabel?: string
  readonly afterLabel?: string
}
