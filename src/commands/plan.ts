import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ExitCode } from '../model/exit-code.ts'
import type { Plan } from '../model/plan.ts'
import { planData } from '../plan/plan-data.ts'
import { printPlan } from '../plan/print-plan.ts'
import { compilePlan } from './compile-plan.ts'
import type { CommandEnvironment } from './environment.ts'
import { printData } from './print-data.ts'
import type { RunOptions } from './run-options.ts'

export interface PlanOptions extends RunOptions {
  /** Asks the hosts, too: in what their guests differ from the plan. */
  readonly drift: boolean
}

/**
 * Prints what a pipeline would do, and with `drift` in what guests that exist are not as it wants them. `file` may be the
 * name of a pipeline of the lab or the package. Without `drift` no host is asked.
 */
export async function planCommand(
  file: string,
  options: PlanOptions,
  env: CommandEnvironment,
): Promise<number> {
  const compiled = await compilePlan(pipelineArgument(file, env.cwd), options, env)
  if (!compiled) return ExitCode.usage
  const { plan } = compiled
  const asked = options.drift ? await askHosts(plan, options, env) : undefined
  if (!printData({ ...planData(plan), ...asked?.data }, options, env))
    env.stdout(printPlan(plan, env) + (asked?.text ?? ''))
  env.stderr(asked?.failures ?? '')
  return asked?.exitCode ?? ExitCode.ok
}

/** What only runs when hosts are asked is loaded only then. */
async function askHosts(plan: Plan, options: RunOptions, env: CommandEnvironment) {
  const { planDrift, printDrift } = await import('./plan-drift.ts')
  const { failureData, printFailures } = await import('./lab-guests.ts')
  const { guests, others, failures, exitCode } = await planDrift(plan, options, env)
  return {
    data: { drift: { guests, others, failures: failureData(failures) } },
    text: `\n${printDrift({ guests, others }, env.color)}`,
    failures: printFailures(failures),
    exitCode,
  }
}

/** A word that is no file is a pipeline's name. */
export function pipelineArgument(text: string, cwd: string): { file: string } | { name: string } {
  const isName = /^[\w-]+$/.test(text) && !existsSync(resolve(cwd, text))
  return isName ? { name: text } : { file: text }
}
