import { hasTerminal, runInTerminal } from '../../connections/terminal.ts'
import { consoleCommandText } from '../../lab/access/console-command.ts'
import { FailureError } from '../../model/failure.ts'
import { printable } from '../../util/printable.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { RunOptions } from '../run-options.ts'
import { sshFiles } from '../ssh-files.ts'
import { chosenGuest, mustRun } from './choose-guest.ts'
import { sshGuests } from './ssh-guests.ts'

export interface ConsoleOptions extends RunOptions {
  /** Takes the console away from whoever has it. */
  readonly force: boolean
}

/** `hvlab console GUEST`: its serial console, by `virsh console` on the hypervisor, in this terminal. Ctrl-] leaves. */
export async function consoleCommand(
  name: string,
  options: ConsoleOptions,
  env: CommandEnvironment,
): Promise<number> {
  if (!hasTerminal()) throw noTerminal(name)
  const guest = await chosenGuest(name, 'console', options, env)
  if (typeof guest === 'number') return guest
  const shown = printable(`${mustRun(guest).host} on ${guest.hypervisor}`)
  env.stderr(`Console of ${shown}. Enter shows the prompt; Ctrl-] leaves, and the guest goes on.\n`)
  await using files = await sshFiles(sshGuests([guest]))
  const attach = consoleCommandText(guest.domain, options.force)
  // -e none: what is typed after a newline is for the guest, never for this connection.
  const ssh = ['ssh', '-F', files.configFile, '-t', '-q', '-e', 'none', guest.hypervisor, '--', attach]
  const code = await runInTerminal(guest.reach.kind === 'local' ? ['sh', '-c', attach] : ssh)
  env.stderr(`\nLeft the console of ${shown}.\n`)
  return code
}

function noTerminal(name: string): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'terminal-missing',
    message: 'hvlab console needs a terminal, and standard input or output is none.',
    hint: `\`hvlab logs ${name} -f\` shows what the console prints; \`hvlab ssh ${name} -- COMMAND\` runs a command.`,
  })
}
