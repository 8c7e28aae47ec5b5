import type { Event, SummaryTable } from '../model/event.ts'
import type { ExitCode } from '../model/exit-code.ts'
import type { Failure } from '../model/failure.ts'
import type { Inventory } from '../model/host.ts'
import type { RecapCounts, TaskResult } from '../model/result.ts'
import type { Module } from '../modules/module.ts'
import type { OpenConnection } from './connection-pool.ts'
import type { Interruption } from './interruption.ts'

export interface RunOptions {
  readonly runId: string
  /** Where the journal and reports go; null keeps none (`exec`). */
  readonly runDirectory: string | null
  /** hvlab's own version. */
  readonly version: string
  /** What was typed, for the journal: without secrets. */
  readonly command?: string
  readonly check: boolean
  readonly diff: boolean
  /** Most tasks at the same time, over all hosts and stages. */
  readonly forks: number
  readonly verbosity: number
  /** Renderers: gets every event, masked and free of terminal escapes. */
  readonly emit: (event: Event) => void
  readonly findModule: (name: string) => Module | undefined
  /** Hosts that a pattern stands for in an inventory: for hosts that came to be during the run. */
  readonly matchHosts: (inventory: Inventory, pattern: string) => readonly string[]
  readonly interruption: Interruption
  /** Folder of an earlier run of the same plan to continue. */
  readonly resumeFrom?: string
  /** Milliseconds after which the run ends with exit code 6. */
  readonly deadlineMs?: number
  /** Texts that must never be shown, e.g. passwords that were asked for. */
  readonly secrets?: readonly string[]
  /** How connections are opened; only tests give another way than the usual one. */
  readonly openConnection?: OpenConnection
}

export interface FailureRecord {
  readonly host?: string
  readonly stage?: string
  readonly task?: string
  readonly failure: Failure
}

export interface RunOutcome {
  readonly exitCode: ExitCode
  /** Nothing failed and nothing was left undone, though it may have been interrupted. */
  readonly isWhole: boolean
  /** By host, then task id. */
  readonly results: ReadonlyMap<string, ReadonlyMap<string, TaskResult>>
  readonly recap: Readonly<Record<string, RecapCounts>>
  readonly failures: readonly FailureRecord[]
  /** Files made for people, absolute. */
  readonly artifacts: readonly string[]
  readonly summary?: SummaryTable
}
