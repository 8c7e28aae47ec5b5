import type { CommandEnvironment } from './environment.ts'
import type { RunOptions } from './run-options.ts'
import { runPipeline } from './run-pipeline.ts'

/** `hvlab up [PIPELINE]`: runs a pipeline by name, the lab's own before the package's. */
export function upCommand(name: string, options: RunOptions, env: CommandEnvironment): Promise<number> {
  return runPipeline({ name }, options, env)
}
