import type { CommandEnvironment } from './environment.ts'
import { hypervisorPattern } from './lab-guests.ts'
import { exitCodeOf, runAdHoc } from './run-ad-hoc.ts'
import type { RunOptions } from './run-options.ts'

export interface ExecOptions extends RunOptions {
  readonly module: string
  readonly args: string
  readonly become: boolean
}

/** `hvlab exec PATTERN -m MODULE -a ARGS`: one module on hosts, answers in Ansible's ad-hoc form. */
export async function execCommand(
  pattern: string,
  options: ExecOptions,
  env: CommandEnvironment,
): Promise<number> {
  const { module, args, become } = options
  const format = options.format === 'auto' || options.format === 'tty' ? 'adhoc' : options.format
  return exitCodeOf(
    await runAdHoc(
      { pattern, module, params: args, become, name: 'exec', format, guestsFrom: hypervisorPattern },
      options,
      env,
    ),
  )
}
