import { runInTerminal } from '../../connections/terminal.ts'
import { remoteWords } from '../../lab/ssh-command.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { RunOptions } from '../run-options.ts'
import { sshFiles } from '../ssh-files.ts'
import { chosenGuests, mustRun } from './choose-guest.ts'
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
  const guests = await chosenGuests([name], 'ssh', options, env)
  if (typeof guests === 'number') return guests
  const [guest] = guests.map(mustRun)
  await using files = await sshFiles(sshGuests(guests))
  return await runInTerminal(['ssh', '-F', files.configFile, guest?.host ?? name, ...remoteWords(command)], {
    shareStreams: command.length > 0,
  })
}
