import { ExitCode } from '../../model/exit-code.ts'
import { FailureError } from '../../model/failure.ts'
import { suggestion } from '../../util/did-you-mean.ts'
import { printable } from '../../util/printable.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { LabGuest } from '../lab-answer.ts'
import { labGuests, printFailures } from '../lab-guests.ts'
import { notRunning } from '../not-running.ts'
import type { RunOptions } from '../run-options.ts'

/**
 * The guests that a person named, as their hypervisors tell, in the order of the names and each once. A number is the
 * exit code of a command that ends here: mistakes, or a host without an answer that may have the guest.
 * @param names of guests; undefined means all that there are
 */
export async function chosenGuests(
  names: readonly string[] | undefined,
  command: string,
  options: RunOptions,
  env: CommandEnvironment,
): Promise<readonly LabGuest[] | number> {
  const guests = await guestsAmong(names, command, options, env)
  if (typeof guests === 'number' || names === undefined) return guests
  return [...new Set(names.map((name) => chooseGuest(name, guests)))]
}

/** The one guest that a person named; a number as with `chosenGuests`. */
export async function chosenGuest(
  name: string,
  command: string,
  options: RunOptions,
  env: CommandEnvironment,
): Promise<LabGuest | number> {
  const guests = await guestsAmong([name], command, options, env)
  return typeof guests === 'number' ? guests : chooseGuest(name, guests)
}

/** All guests of the hosts, unless a host that gave no answer may have one of those names. */
async function guestsAmong(
  names: readonly string[] | undefined,
  command: string,
  options: RunOptions,
  env: CommandEnvironment,
): Promise<readonly LabGuest[] | number> {
  const lab = await labGuests(options, env, command)
  if (lab === undefined) return ExitCode.usage
  env.stderr(printFailures(lab.failures))
  // A host that gave no answer may have the guest: nothing can be said about it.
  const isMissing = (name: string) => !lab.guests.some((guest) => isCalled(guest, name))
  if (lab.failures.length === 0 || (names !== undefined && !names.some(isMissing))) return lab.guests
  const left = ['all', ...lab.failures.map(({ host }) => `!${host}`)].join(':')
  env.stderr(
    printable(
      `error: nothing was done: who gave no answer may have the guest\n  hint: to do without: --limit '${left}'\n`,
    ),
  )
  return lab.exitCode
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
      exact.length > 0
        ? 'Give the name of its domain, or --limit to one hypervisor.'
        : `Say which: ${found.map(({ host }) => host).join(' or ')}.`,
    )
  if (guest) return guest
  const known = guests.map(({ host }) => host)
  throw failure(
    `There is no guest ${name} on the hosts of this inventory.`,
    suggestion(
      name,
      guests.flatMap(({ host, name: own }) => [own, host]),
    ) ?? (known.length > 0 ? `There are: ${known.join(', ')}.` : 'There are none; `hvlab up` makes them.'),
  )
}

/** For commands that talk to a guest: throws unless it runs, and says which command would make it so. */
export function mustRun(guest: LabGuest): LabGuest {
  if (guest.state === 'running') return guest
  throw notRunning(guest)
}

export function isCalled({ host, domain, name: own }: LabGuest, name: string): boolean {
  return [host, domain, own].includes(name)
}

function failure(message: string, hint: string): FailureError {
  return new FailureError({ reason: 'config', code: 'guest-not-found', message, hint })
}
