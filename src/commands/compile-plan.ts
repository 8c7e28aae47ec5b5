import type { Diagnostic } from '../config/diagnostic.ts'
import { parseExtraVars } from '../config/extra-vars.ts'
import { printDiagnostics, shortPath } from '../config/print-diagnostics.ts'
import { type CompiledPlan, compilePipeline } from '../plan/compile.ts'
import { defined } from '../util/defined.ts'
import { err, type Result } from '../util/result.ts'
import type { CommandEnvironment } from './environment.ts'
import { refuse } from './mistakes.ts'
import type { RunOptions } from './run-options.ts'

export type PlanInputs = Pick<RunOptions, 'inventory' | 'limit' | 'extraVars' | 'tags' | 'skipTags'>

/** Compiles a pipeline with the options of the command line; mistakes in `-e` are among the others. */
export async function compileFor(
  pipeline: { readonly file: string } | { readonly name: string },
  options: PlanInputs,
  env: CommandEnvironment,
): Promise<Result<CompiledPlan, Diagnostic[]>> {
  const extraVars = parseExtraVars(options.extraVars, env.cwd)
  const compiled = await compilePipeline(
    defined({
      labDirectory: env.cwd,
      pipeline,
      inventory: options.inventory,
      limit: options.limit,
      extraVars: extraVars.ok ? extraVars.value : undefined,
      tags: options.tags,
      skipTags: options.skipTags,
    }),
  )
  if (extraVars.ok) return compiled
  return err([...extraVars.error, ...(compiled.ok ? [] : compiled.error)])
}

/** A role for many systems lacks much that its hosts never need: `validate` tells each, a run how many there are. */
function inShort(warnings: readonly Diagnostic[], file: string, cwd: string): readonly Diagnostic[] {
  const others = warnings.filter(({ code }) => code !== 'lacking')
  const count = warnings.length - others.length
  if (count < 2) return warnings
  return [
    ...others,
    {
      severity: 'warning',
      code: 'lacking',
      message: `tasks that may never be reached need ${count} things that hvlab does not have; one that is reached fails`,
      hint: `hvlab validate ${shortPath(file, cwd)} lists them`,
    },
  ]
}

/** The plan, or undefined after the mistakes were printed; warnings are printed either way. */
export async function compilePlan(
  pipeline: { readonly file: string } | { readonly name: string },
  options: PlanInputs & Pick<RunOptions, 'format'>,
  env: CommandEnvironment,
): Promise<CompiledPlan | undefined> {
  const compiled = await compileFor(pipeline, options, env)
  if (compiled.ok) {
    const { plan, warnings } = compiled.value
    env.stderr(printDiagnostics(inShort(warnings, plan.file, env.cwd), env))
    return compiled.value
  }
  refuse(compiled.error, options.format, env)
  return undefined
}
