import { runInTerminal } from '../../connections/terminal.ts'
import { FailureError } from '../../model/failure.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { RunOptions } from '../run-options.ts'
import { sshFiles } from '../ssh-files.ts'
import { chosenGuests, mustRun } from './choose-guest.ts'
import { sshGuests } from './ssh-guests.ts'

export interface ScpOptions extends RunOptions {
  /** Folders with what is in them. */
  readonly recursive: boolean
  /** Keeps times and modes. */
  readonly preserve: boolean
}

/** `hvlab scp SOURCE … TARGET`: files to and from guests, which are written as `guest1:path`. OpenSSH's scp copies. */
export async function scpCommand(
  operands: readonly string[],
  options: ScpOptions,
  env: CommandEnvironment,
): Promise<number> {
  const places = operands.map(placeOf)
  const names = places.flatMap(({ guest }) => guest ?? [])
  if (operands.length < 2) throw usage('hvlab scp needs at least a source and a target.')
  if (names.length === 0) throw usage('Neither source nor target is in a guest.')
  const guests = await chosenGuests(names, 'scp', options, env)
  if (typeof guests === 'number') return guests
  for (const guest of guests) mustRun(guest)
  await using files = await sshFiles(sshGuests(guests))
  const words = [
    ...['scp', '-F', files.configFile],
    ...(options.recursive ? ['-r'] : []),
    ...(options.preserve ? ['-p'] : []),
    // From guest to guest through this machine: they need not reach each other, nor hold each other's keys.
    ...(names.length > 1 ? ['-3'] : []),
  ]
  return await runInTerminal([...words, '--', ...places.map(({ word }) => word)], { shareStreams: true })
}

/** As scp reads it: a colon before any slash makes the word in front of it a host. */
export function placeOf(operand: string): { readonly guest?: string; readonly word: string } {
  const [, guest, path] = /^([^/:]+):(.*)$/s.exec(operand) ?? []
  if (guest === undefined || path === undefined) return { word: operand }
  return { guest, word: operand }
}

function usage(message: string): FailureError {
  const hint = 'Write files in a guest as guest1:path, e.g. `hvlab scp notes.txt guest1:`.'
  return new FailureError({ reason: 'config', code: 'usage', message, hint })
}
