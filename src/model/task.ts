import type { Location } from './location.ts'
import type { Value, Vars } from './value.ts'

/** What a play runs, in order: a task, or a block of them. */
export type Step = Task | Block

/** Keywords that tasks and blocks share (Ansible's names, camel case). Strings may hold templates until run time. */
export interface StepKeywords {
  /** All must be true. Expressions without braces. */
  readonly when: readonly Value[]
  readonly tags: readonly string[]
  readonly vars: Vars
  readonly become?: Value
  readonly becomeUser?: string
  readonly becomeMethod?: string
  readonly ignoreErrors?: Value
  readonly ignoreUnreachable?: Value
  readonly noLog?: Value
  readonly environment?: Value
  readonly delegateTo?: string
  readonly runOnce?: boolean
  readonly checkMode?: Value
  readonly diff?: Value
  readonly anyErrorsFatal?: boolean
  /** Of a block: for its tasks that notify nothing themselves. */
  readonly notify?: readonly string[]
  /** The role that the step came from: key of `Plan.roles`. */
  readonly role?: string
  readonly location: Location
}

export interface Task extends StepKeywords {
  readonly kind: 'task'
  /** Stable within a plan: `stage/path.of.indexes`, e.g. `deploy/2.block.0`. */
  readonly id: string
  readonly name?: string
  readonly module: string
  /** Parameters with templates unresolved; free-form text is under `_raw_params`. A string is a template for the whole. */
  readonly params: Vars | string
  readonly loop?: Value
  /** Which keyword wrote the loop: `loop` keeps lists nested; else the look-up that `with_…` names. */
  readonly loopKind?: string
  readonly loopControl?: LoopControl
  readonly register?: string
  readonly notify: readonly string[]
  readonly listen: readonly string[]
  /** A handler of a role that only an include brings: until then, another of the name answers, as in Ansible. */
  readonly isIncluded?: boolean
  readonly until?: readonly Value[]
  readonly retries?: Value
  readonly delay?: Value
  readonly changedWhen?: readonly Value[]
  readonly failedWhen?: readonly Value[]
  /** Ansible's `timeout`, seconds. */
  readonly timeout?: Value
  readonly throttle?: number
  /** For `include_tasks`/`include_role` with a name known beforehand: the steps, ready to run. */
  readonly include?: Include
  /** What hvlab has not of what the task needs: it fails when it is reached. */
  readonly lack?: Lack
  /** For includes with a templated name, where `--tags` selects: what follows their keys in `Plan.includes`. */
  readonly includeVariant?: string
}

export interface LoopControl {
  readonly loopVar?: string
  readonly indexVar?: string
  readonly label?: Value
  readonly pause?: number
  readonly extended?: boolean
  readonly extendedAllItems?: boolean
}

export interface Lack {
  readonly message: string
  /** What to do instead. */
  readonly hint?: string
}

/** What an include brings. `key` is a key of `Plan.includes`. */
export interface Include {
  readonly key: string
}

export interface Block extends StepKeywords {
  readonly kind: 'block'
  readonly id: string
  readonly name?: string
  /** Of a role that runs once in a play: what names it with its parameters. */
  readonly once?: string
  readonly block: readonly Step[]
  readonly rescue: readonly Step[]
  readonly always: readonly Step[]
}
