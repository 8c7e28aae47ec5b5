import { matchPattern } from '../config/pattern.ts'
import { Interruption } from '../engine/interruption.ts'
import { runPlan } from '../engine/run.ts'
import type { RunOutcome } from '../engine/run-options.ts'
import type { Event } from '../model/event.ts'
import type { Inventory } from '../model/host.ts'
import type { Plan } from '../model/plan.ts'
import type { OutputFormat } from '../model/renderer.ts'
import { findModule } from '../modules/registry.ts'
import { defined } from '../util/defined.ts'
import type { CommandEnvironment } from './environment.ts'
import type { RunOptions } from './run-options.ts'

export interface PlanRun {
  readonly plan: Plan
  readonly runId: string
  /** Null keeps no journal. */
  readonly folder: string | null
  /** How to draw it; null draws nothing. */
  readonly format: OutputFormat | null
  readonly resumeFrom?: string
  /** What was typed, for the journal: without secrets. */
  readonly command?: string
  /** Hosts that a pattern stands for while the plan runs; default: those of the inventory. */
  readonly matchHosts?: (inventory: Inventory, pattern: string) => readonly string[]
  /** Sees every event, besides the renderer. */
  readonly onEvent?: (event: Event) => void
}

/** Wires a plan to this process: renderer, signals, deadline. */
export async function runPlanHere(
  run: PlanRun,
  options: Pick<RunOptions, 'check' | 'diff' | 'forks' | 'verbosity' | 'deadline'>,
  env: CommandEnvironment,
): Promise<RunOutcome> {
  const { verbosity, diff } = options
  const renderer =
    run.format === null ? undefined : await env.renderer({ format: run.format, verbosity, diff })
  const interruption = new Interruption()
  using _signals = env.onSignal((signal) => interruption.interrupt(signal))
  try {
    return await runPlan(
      run.plan,
      defined({
        runId: run.runId,
        runDirectory: run.folder,
        version: env.version,
        command: run.command,
        check: options.check,
        diff,
        forks: options.forks,
        verbosity,
        emit: (event: Event) => {
          renderer?.handle(event)
          run.onEvent?.(event)
        },
        findModule,
        matchHosts:
          run.matchHosts ??
          ((inventory: Inventory, pattern: string) => matchPattern(inventory, pattern).hosts),
        interruption,
        resumeFrom: run.resumeFrom,
        deadlineMs: options.deadline === undefined ? undefined : options.deadline * 1000,
      }),
    )
  } finally {
    await renderer?.close()
  }
}
