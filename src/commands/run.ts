import type { CommandEnvironment } from './environment.ts'
import { type GatedRunOptions, gatedRun } from './gated-run.ts'

/** `hvlab run FILE`: runs a pipeline or an Ansible playbook from a file. */
export function runCommand(file: string, options: GatedRunOptions, env: CommandEnvironment): Promise<number> {
  return gatedRun({ file }, options, env)
}
