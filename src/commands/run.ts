import type { CommandEnvironment } from './environment.ts'
import type { RunOptions } from './run-options.ts'
import { runPipeline } from './run-pipeline.ts'

/** `hvlab run FILE`: runs a pipeline or an Ansible playbook from a file. */
export function runCommand(file: string, options: RunOptions, env: CommandEnvironment): Promise<number> {
  return runPipeline({ file }, options, env)
}
