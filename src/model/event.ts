import type { Failure } from './failure.ts'
import type { Location } from './location.ts'
import type { Diff, Outcome, RecapCounts } from './result.ts'
import type { Value, Vars } from './value.ts'

/**
 * Everything that happens is an event; renderers draw events, the journal keeps them, reports read them back.
 * Strings in events are masked and free of terminal escapes before they leave the bus.
 */
export type Event = { readonly time: string } & EventBody

export type EventBody =
  | RunStarted
  | StageStarted
  | StageFinished
  | HostsAdded
  | TaskStarted
  | TaskOutput
  | TaskProgress
  | TaskChange
  | TaskRetry
  | TaskItem
  | TaskFinished
  | Note
  | Recorded
  | RunInterrupted
  | RunFinished

/** The first event of a journal. */
export interface RunStarted {
  readonly kind: 'run.started'
  readonly runId: string
  readonly pipeline: string
  readonly file: string
  readonly version: string
  readonly fingerprint: string
  readonly check: boolean
  /** What was typed, as a line for the shell; values of variables whose names sound like secrets are `***`. */
  readonly command?: string
  /** Where the inventory was read from, and the hosts that it had then. */
  readonly inventory: { readonly sources: readonly string[]; readonly hosts: readonly string[] }
  /** Stage names in order, so that a renderer can draw what is still to come. */
  readonly stages: readonly {
    readonly name: string
    readonly needs: readonly string[]
    readonly hosts: readonly string[]
  }[]
  /** The process that runs it, on the controller. */
  readonly pid?: number
  /** Id of the run that this one continues. */
  readonly resumes?: string
}

export interface StageStarted {
  readonly kind: 'stage.started'
  readonly stage: string
  readonly hosts: readonly string[]
}

export interface StageFinished {
  readonly kind: 'stage.finished'
  readonly stage: string
  readonly outcome: 'ok' | 'failed' | 'skipped' | 'cancelled'
  readonly why?: string
  readonly durationMs: number
}

/** Hosts that came to be during the run, e.g. guests after deployment. */
export interface HostsAdded {
  readonly kind: 'hosts.added'
  readonly hosts: readonly {
    readonly name: string
    readonly groups: readonly string[]
    readonly vars: Vars
  }[]
}

interface OfTask {
  readonly stage: string
  readonly host: string
  /** `Task.id`, with `#n` appended for include instances. */
  readonly task: string
}

export interface TaskStarted extends OfTask {
  readonly kind: 'task.started'
  /** Rendered name, `role : name` as Ansible prints it, or the module's name. */
  readonly name: string
  readonly module: string
  readonly location: Location
}

/** One line of live output. */
export interface TaskOutput extends OfTask {
  readonly kind: 'task.output'
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
}

/** Progress of a long task; `done`/`total` in `unit`, when known. */
export interface TaskProgress extends OfTask {
  readonly kind: 'task.progress'
  readonly text: string
  readonly done?: number
  readonly total?: number
  readonly unit?: 'bytes' | 'trials' | 'steps'
}

/** A change that a module wants (check mode) or makes. */
export interface TaskChange extends OfTask {
  readonly kind: 'task.change'
  readonly summary: string
  readonly diff?: Diff
  readonly applied: boolean
}

export interface TaskRetry extends OfTask {
  readonly kind: 'task.retry'
  /** Attempts left. */
  readonly left: number
  readonly why: string
}

/** One item of a loop ended. */
export interface TaskItem extends OfTask {
  readonly kind: 'task.item'
  readonly label: string
  readonly outcome: Outcome
}

export interface TaskFinished extends OfTask {
  readonly kind: 'task.finished'
  readonly name: string
  readonly module: string
  readonly outcome: Outcome
  readonly durationMs: number
  /** What `register` keeps; absent for `no_log` tasks. */
  readonly data?: Vars
  /** SHA-256 of module and resolved parameters: resume skips a task only when it is the same. */
  readonly fingerprint: string
  /** Facts set and hosts added by the task: a resume applies them again. */
  readonly effects?: Effects
  /** True when a resume took the result from the earlier run's journal. */
  readonly resumed?: boolean
}

/** What a task changes inside the run, apart from the host. */
export interface Effects {
  /** `set_fact`: variables of the host. */
  readonly vars?: Vars
  /** `include_vars`: variables of the host whose templates are filled in when they are used. */
  readonly included?: Vars
  /** `setup` and modules that return `ansible_facts`. */
  readonly facts?: Vars
  readonly hosts?: readonly {
    readonly name: string
    readonly groups: readonly string[]
    readonly vars: Vars
  }[]
  /** Handlers notified, by name or listened topic. */
  readonly notified?: readonly string[]
}

/** Something a person should read: a warning, or a choice that hvlab made and says so. */
export interface Note {
  readonly kind: 'note'
  readonly level: 'info' | 'warning'
  readonly text: string
  readonly stage?: string
  readonly host?: string
  readonly task?: string
}

/** Data kept for reports: samples, environments, what a zx stage gives to `record`. */
export interface Recorded {
  readonly kind: 'recorded'
  readonly stage: string
  readonly host: string
  /** E.g. `sample`, `environment`, `subject`, `accelerator`. */
  readonly channel: string
  readonly data: Value
}

export interface RunInterrupted {
  readonly kind: 'run.interrupted'
  readonly signal: string
  readonly times: number
}

/** The last event of a journal that ended. */
export interface RunFinished {
  readonly kind: 'run.finished'
  readonly exitCode: number
  readonly durationMs: number
  readonly recap: Readonly<Record<string, RecapCounts>>
  readonly failures: readonly {
    readonly host?: string
    readonly stage?: string
    readonly task?: string
    readonly failure: Failure
  }[]
  /** Files made for people, absolute: reports. */
  readonly artifacts: readonly string[]
  /** Nothing failed and nothing was left undone, though it may have been interrupted: nothing to continue. */
  readonly isWhole?: true
  /** Lines of the short result table, when a report was made: shown below the recap. */
  readonly summary?: SummaryTable
}

export interface SummaryTable {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly footnotes?: readonly string[]
}
