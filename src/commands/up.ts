import type { CommandEnvironment } from './environment.ts'
import { type GatedRunOptions, gatedRun } from './gated-run.ts'

/** `hvlab up [PIPELINE]`: runs a pipeline by name, the lab's own before the package's. */
export function upCommand(name: string, options: GatedRunOptions, env: CommandEnvironment): Promise<number> {
  return gatedRun({ name }, options, env)
}
