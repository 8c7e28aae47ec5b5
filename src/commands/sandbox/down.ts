import { resolve } from 'node:path'
import { ExitCode } from '../../model/exit-code.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { RunOptions } from '../run-options.ts'
import { removeInventory } from './inventory-file.ts'
import { runSandbox } from './sandbox-hosts.ts'

export interface SandboxDownOptions extends RunOptions {
  /** Undefined: all sandboxes of this machine. */
  readonly name?: string
  /** The trees that hosts are made from, too. */
  readonly trees: boolean
}

/** `hvlab sandbox down`: nothing of the sandbox is left, whatever happened before. Twice is fine. */
export async function sandboxDownCommand(
  options: SandboxDownOptions,
  env: CommandEnvironment,
): Promise<number> {
  const { name, trees } = options
  const params = { state: 'absent', trees, ...(name === undefined ? {} : { name }) }
  const { exitCode } = await runSandbox(params, 'sandbox down', options, env)
  if (exitCode === ExitCode.ok && !options.check) removeInventory(resolve(env.cwd), name)
  return exitCode
}
