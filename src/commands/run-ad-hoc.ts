import { resolve } from 'node:path'
import { parseExtraVars } from '../config/extra-vars.ts'
import { loadInventory } from '../config/inventory.ts'
import { limitedHosts, matchPattern } from '../config/pattern.ts'
import { printDiagnostics } from '../config/print-diagnostics.ts'
import type { RunOutcome } from '../engine/run-options.ts'
import type { Event } from '../model/event.ts'
import { ExitCode } from '../model/exit-code.ts'
import type { Inventory } from '../model/host.ts'
import type { OutputFormat } from '../model/renderer.ts'
import type { Vars } from '../model/value.ts'
import { adHocPlan, guestStage } from '../plan/ad-hoc.ts'
import { defaultInventory, searchPathOf } from '../plan/search-path.ts'
import { defined } from '../util/defined.ts'
import type { CommandEnvironment } from './environment.ts'
import { GuestNames } from './guest-names.ts'
import { refuse } from './mistakes.ts'
import type { RunOptions } from './run-options.ts'
import { runPlanHere } from './run-plan.ts'

export interface AdHocRun {
  /** Hosts, e.g. `hypervisors`. */
  readonly pattern: string
  readonly module: string
  readonly params: Vars | string
  readonly become: boolean
  /** Hosts that are asked for their guests first, when the pattern speaks of the group `guests` or of names that nothing else has. */
  readonly guestsFrom?: string
  /** Variables weaker than the inventory's, e.g. a pipeline's. */
  readonly defaults?: Vars
  /** Name of the command, shown as the stage. */
  readonly name: string
  /** Name of its task; default: the module's. */
  readonly task?: string
  /** How to draw it; null draws nothing. */
  readonly format: OutputFormat | null
  readonly onEvent?: (event: Event) => void
}

/**
 * Runs one module on hosts of the inventory: the way of `exec`, `status`, `ssh`, `down` and `doctor`. Undefined after the
 * mistakes in the inventory or in `-e` were printed: the command then ends with exit code 1.
 */
export async function runAdHoc(
  run: AdHocRun,
  options: RunOptions,
  env: CommandEnvironment,
): Promise<RunOutcome | undefined> {
  const labDirectory = resolve(env.cwd)
  const searchPath = searchPathOf(labDirectory)
  const sources = options.inventory.length > 0 ? options.inventory : defaultInventory(searchPath)
  const loaded = loadInventory(sources, { cwd: labDirectory, playDirectory: labDirectory })
  const extraVars = parseExtraVars(options.extraVars, env.cwd)
  if (!loaded.ok || !extraVars.ok) {
    const mistakes = [...(loaded.ok ? [] : loaded.error), ...(extraVars.ok ? [] : extraVars.error)]
    refuse(mistakes, options.format, env)
    return undefined
  }
  const { inventory, warnings } = loaded.value
  env.stderr(printDiagnostics(warnings, env))
  const limit = options.limit === undefined ? undefined : limitedHosts(inventory, options.limit, env.cwd)
  const plan = adHocPlan(
    inventory,
    run.pattern,
    run.module,
    run.params,
    defined({
      searchPath,
      become: run.become,
      guestsFrom: run.guestsFrom,
      defaults: run.defaults,
      extraVars: extraVars.value,
      limit,
      name: run.name,
      task: run.task,
    }),
  )
  const guests = new GuestNames()
  return runPlanHere(
    defined({
      plan,
      runId: run.name,
      folder: null,
      format: run.format,
      matchHosts: plan.stages.some(({ name }) => name === guestStage)
        ? (known: Inventory, pattern: string) =>
            pattern === run.pattern ? guests.match(known, pattern) : matchPattern(known, pattern).hosts
        : undefined,
      onEvent: (event: Event) => {
        guests.learn(event, guestStage)
        run.onEvent?.(event)
      },
    }),
    options,
    env,
  )
}

/** The exit code of a command that ran ad hoc. */
export function exitCodeOf(outcome: RunOutcome | undefined): number {
  return outcome?.exitCode ?? ExitCode.usage
}
