import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInTerminal } from '../connections/terminal.ts'
import { knownHostsLine, sshWords } from '../lab/ssh-command.ts'
import { ExitCode } from '../model/exit-code.ts'
import { FailureError } from '../model/failure.ts'
import type { CommandEnvironment } from './environment.ts'
import { type LabGuest, labGuests, printFailures } from './lab-guests.ts'
import type { RunOptions } from './run-options.ts'

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
  const lab = await labGuests(options, env, 'ssh')
  if (lab === undefined) return ExitCode.usage
  env.stderr(printFailures(lab.failures))
  // A host that gave no answer may have the guest: nothing can be said about it.
  if (lab.failures.length > 0 && !lab.guests.some((guest) => isCalled(guest, name))) return lab.exitCode
  const guest = chooseGuest(name, lab.guests)
  const folder = await mkdtemp(join(tmpdir(), 'hvlab-ssh-'))
  try {
    const knownHostsFile = join(folder, 'known_hosts')
    await writeFile(knownHostsFile, knownHostsLine(guest.host_key), { mode: 0o600 })
    const { address, user, key_file: keyFile, reach: hypervisor } = guest
    return await runInTerminal(sshWords({ address, user, keyFile, knownHostsFile, hypervisor, command }), {
      shareStreams: command.length > 0,
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** By its name in the inventory, its own name, or its domain's. Throws when that is none or several. */
export function chooseGuest(name: string, guests: readonly LabGuest[]): LabGuest {
  const called = guests.filter((guest) => isCalled(guest, name))
  const exact = called.filter((guest) => guest.host === name || guest.domain === name)
  const found = exact.length > 0 ? exact : called
  const [guest, another] = found
  if (guest && another)
    throw failure(
      `${found.length} guests are called ${name}: ${found.map((each) => `${each.domain} on ${each.hypervisor}`).join(', ')}.`,
      'Give the name of its domain, or --limit to one hypervisor.',
    )
  if (!guest) {
    const known = guests.map((each) => each.host).join(', ')
    throw failure(
      `There is no guest ${name} on the hosts of this inventory.`,
      known ? `There are: ${known}.` : 'There are none; `hvlab up` makes them.',
    )
  }
  if (guest.state !== 'running')
    throw failure(`Guest ${guest.host} on ${guest.hypervisor} does not run.`, '`hvlab up` starts it.')
  return guest
}

function isCalled({ host, domain, name: own }: LabGuest, name: string): boolean {
  return [host, domain, own].includes(name)
}

function failure(message: string, hint: string): FailureError {
  return new FailureError({ reason: 'config', code: 'guest-not-found', message, hint })
}
