import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { knownGuests, type SshGuest, sshConfig } from '../../lab/access/ssh-config.ts'
import { ExitCode } from '../../model/exit-code.ts'
import { stateDirectory } from '../../util/state-directory.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { RunOptions } from '../run-options.ts'
import { chosenGuests } from './choose-guest.ts'
import { sshGuests } from './ssh-guests.ts'

export interface SshConfigOptions extends RunOptions {
  /** Where to write it; default: standard output. */
  readonly output?: string
}

/**
 * `hvlab ssh-config [GUEST …]`: configuration for OpenSSH's programs, and whatever uses them (rsync, git, editors). The
 * guests' host keys go to a file of hvlab's own, where a line never becomes wrong.
 */
export async function sshConfigCommand(
  names: readonly string[],
  options: SshConfigOptions,
  env: CommandEnvironment,
): Promise<number> {
  const guests = await chosenGuests(names.length > 0 ? names : undefined, 'ssh-config', options, env)
  if (typeof guests === 'number') return guests
  const known = sshGuests(guests.toSorted((a, b) => (a.host < b.host ? -1 : 1)))
  const text = `# Guests of hvlab, for OpenSSH: ssh -F FILE ${known[0]?.names[0] ?? 'GUEST'}\n\n${sshConfig(known, await remember(known))}`
  if (options.output === undefined) env.stdout(text)
  else await replaceFile(resolve(env.cwd, options.output), text)
  return ExitCode.ok
}

/** Adds the guests' keys to hvlab's file of them; its path. */
async function remember(guests: readonly SshGuest[]): Promise<string> {
  const folder = stateDirectory()
  const file = join(folder, 'known_guests')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const lines = before.split('\n').filter((line) => line !== '')
  const added = knownGuests(guests).filter((line) => !lines.includes(line))
  if (added.length > 0) await replaceFile(file, [...lines, ...added, ''].join('\n'))
  return file
}

/** Readers see the old or the new text, never a part. */
async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, text, { mode: 0o600 })
  await rename(temporary, file)
}
