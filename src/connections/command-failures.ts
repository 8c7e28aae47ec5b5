import type { Command } from '../model/command.ts'
import type { Failure } from '../model/failure.ts'
import { renderMasked } from '../util/sh.ts'

/** @param description Of the connection, as people read it. */
export function commandLost(description: string, command: Command, why: string | undefined): Failure {
  return {
    reason: 'unreachable',
    code: 'connection-lost',
    message: `${description} was lost while this ran: ${shown(command)}`,
    hint: 'Whether the command finished is not known. Run again when the host answers.',
    ...(why === undefined ? {} : { details: why }),
  }
}

/** @param killed It is certain that the command's processes are gone. */
export function commandTimedOut(description: string, command: Command, killed: boolean): Failure {
  return {
    reason: 'timeout',
    code: 'command-timeout',
    message: `Not finished after ${(command.timeoutMs ?? 0) / 1000} s on ${description}: ${shown(command)}`,
    hint: killed
      ? 'Its processes were ended. Give the task a longer timeout if it needs one.'
      : 'Whether its processes ended could not be confirmed.',
  }
}

export function commandCancelled(description: string, command: Command, killed = true): Failure {
  return {
    reason: 'cancelled',
    code: 'command-cancelled',
    message: `Interrupted on ${description}: ${shown(command)}`,
    ...(killed ? {} : { hint: 'Whether its processes ended could not be confirmed.' }),
  }
}

export function commandTooLong(command: Command, sizeBytes: number, limitBytes: number): Failure {
  return {
    reason: 'module',
    code: 'command-too-long',
    message: `A command may have ${limitBytes / 1024} KiB and this has ${Math.ceil(sizeBytes / 1024)}: ${shown(command)}`,
    hint: 'Copy large data to the host as a file, or give it as standard input.',
  }
}

export function badVariable(name: string): Failure {
  return {
    reason: 'module',
    code: 'environment-name-invalid',
    message: `${JSON.stringify(name)} cannot be the name of an environment variable`,
    hint: 'Letters, digits and _ are allowed, and the first may not be a digit.',
  }
}

export function usedAfterClose(description: string): Failure {
  return {
    reason: 'unexpected',
    code: 'connection-closed',
    message: `${description} was used after it was closed`,
  }
}

/** The last line that a shell printed on stderr, without the shell's own prefix (`/bin/sh: 1: eval: …`). */
export function shellError(stderr: string, exitCode: number): string {
  const last = stderr.trim().split('\n').at(-1) ?? ''
  const plain = last.replace(/^\S*sh: (?:(?:line )?\d+: )?(?:eval: )?(?:line \d+: )?/, '')
  return plain === '' ? `exit code ${exitCode}` : plain
}

/** First line of the command, secrets masked, at most 120 characters. */
function shown(command: Command): string {
  const [first = '', ...rest] = renderMasked(command).trim().split('\n')
  return first.length > 120 || rest.length > 0 ? `${first.slice(0, 119)}…` : first
}
