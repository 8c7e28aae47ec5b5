import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ExitCode } from '../model/exit-code.ts'
import { planData } from '../plan/plan-data.ts'
import { printPlan } from '../plan/print-plan.ts'
import { compilePlan, type PlanInputs } from './compile-plan.ts'
import type { CommandEnvironment } from './environment.ts'
import { printData } from './print-data.ts'
import type { RunOptions } from './run-options.ts'

/** Prints what a pipeline would do. `file` may be the name of a pipeline of the lab or the package. */
export async function planCommand(
  file: string,
  options: PlanInputs & Pick<RunOptions, 'format'>,
  env: CommandEnvironment,
): Promise<number> {
  const compiled = await compilePlan(pipelineArgument(file, env.cwd), options, env)
  if (!compiled) return ExitCode.usage
  const { plan } = compiled
  if (!printData(planData(plan), options, env)) env.stdout(printPlan(plan, env))
  return ExitCode.ok
}

/** A word that is no file is a pipeline's name. */
export function pipelineArgument(text: string, cwd: string): { file: string } | { name: string } {
  const isName = /^[\w-]+$/.test(text) && !existsSync(resolve(cwd, text))
  return isName ? { name: text } : { file: text }
}
