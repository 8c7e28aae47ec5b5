import { resolve } from 'node:path'
import { ExitCode } from '../../model/exit-code.ts'
import { defined } from '../../util/defined.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { RunOptions } from '../run-options.ts'
import { inventoryPath, inventoryText, refuseForeign, writeInventory } from './inventory-file.ts'
import { runSandbox } from './sandbox-hosts.ts'

export interface SandboxUpOptions extends RunOptions {
  readonly name: string
  readonly hosts: number
  /** Of the hosts, in turns. */
  readonly release?: string
}

/** `hvlab sandbox up`: hosts on this machine, and the inventory that reaches them. Twice changes nothing. */
export async function sandboxUpCommand(options: SandboxUpOptions, env: CommandEnvironment): Promise<number> {
  const lab = resolve(env.cwd)
  refuseForeign(lab)
  const { name, hosts, release } = options
  const params = defined({ name, hosts, release })
  const { exitCode, sandbox } = await runSandbox(params, 'sandbox up', options, env)
  if (sandbox === undefined || options.check || exitCode !== ExitCode.ok) return exitCode
  writeInventory(lab, inventoryText(name, sandbox))
  env.stderr(`${inventoryPath} has the hosts. Next: hvlab up lab -i ${inventoryPath}\n`)
  return ExitCode.ok
}
