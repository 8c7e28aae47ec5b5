import { runInTerminal } from '../../connections/terminal.ts'
import { remoteWords } from '../../lab/access/ssh-command.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { RunOptions } from '../run-options.ts'
import { sshFiles } from '../ssh-files.ts'
import { chosenGuest, mustRun } from './choose-guest.ts'
import { sshGuests } from './ssh-guests.ts'

/**
 * `hvlab ssh GUEST [-- COMMAND]`: a login, or one command whose exit code becomes ours. OpenSSH's client does the
 * talking, through the hypervisor, and accepts no host key but the one that the guest's seed brought.
 */
export async function sshCommand(
  name: string,
  command: readonly string[],
  options: RunOptions,
  env: CommandEnvironment,
): Promise<number> {
  const guest = await chosenGuest(name, 'ssh', options, env)
  if (typeof guest === 'number') return guest
  await using files = await sshFiles(sshGuests([mustRun(guest)]))
  return await runInTerminal(['ssh', '-F', files.configFile, guest.host, ...remoteWords(command)], {
    shareStreams: command.length > 0,
  })
}
