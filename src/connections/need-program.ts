import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { FailureError } from '../model/failure.ts'

/** Throws unless this machine has the program: a pseudo-terminal would only show that its child ended. */
export function needProgram(program: string): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  if (folders.some((folder) => isExecutable(join(folder, program)))) return
  throw new FailureError({
    reason: 'module',
    code: 'program-missing',
    message: `There is no ${program} in PATH on this machine.`,
    hint:
      program === 'ssh' || program === 'scp'
        ? 'Install the OpenSSH client: openssh-client on Debian and Ubuntu, openssh-clients on Fedora and its kin.'
        : 'Install it, or add its folder to PATH.',
  })
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
