import { printable } from '../../util/printable.ts'
import { textTable } from '../../util/text-table.ts'
import type { CommandEnvironment } from '../environment.ts'
import { printData } from '../print-data.ts'
import type { RunOptions } from '../run-options.ts'
import { age } from '../status.ts'
import { runSandbox } from './sandbox-hosts.ts'

export interface SandboxQuestion extends RunOptions {
  readonly name?: string
}

/** `hvlab sandbox status`: the hosts of this machine, as their processes and files say. */
export async function sandboxStatusCommand(
  options: SandboxQuestion,
  env: CommandEnvironment,
): Promise<number> {
  const { exitCode, sandbox } = await runSandbox(questionOf(options), 'sandbox status', options, env)
  if (sandbox === undefined) return exitCode
  const { hosts, damaged } = sandbox
  if (printData({ hosts, damaged }, options, env)) return exitCode
  for (const { sandbox: name, host, file, why } of damaged)
    env.stderr(
      printable(
        `warning: the record of ${host} in ${name} is damaged: ${file}: ${why}\n  hint: hvlab sandbox down --name ${name} removes it.\n`,
      ),
    )
  if (hosts.length === 0 && damaged.length > 0) return exitCode
  if (hosts.length === 0) env.stdout('There are no sandbox hosts. `hvlab sandbox up` makes them.\n')
  else {
    const now = new Date()
    const rows = hosts.map(({ sandbox: name, host, release, address, state, created }) => [
      name,
      host,
      release,
      state,
      address,
      age(created, now),
    ])
    env.stdout(
      `${textTable(['SANDBOX', 'HOST', 'RELEASE', 'STATE', 'ADDRESS', 'AGE'], rows, 'words').join('\n')}\n`,
    )
  }
  return exitCode
}

export function questionOf({ name }: Pick<SandboxQuestion, 'name'>): Record<string, string> {
  return { state: 'facts', ...(name === undefined ? {} : { name }) }
}
