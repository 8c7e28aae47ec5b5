import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Why the end-to-end tests cannot run on this machine, in words for the skipped test; undefined when they can.
 * With CI=true, root on Debian or Ubuntu must be able to run them: there, what is missing is an error.
 */
export function missingForLab(commands: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  if (!isDebianFamily()) return 'needs Debian or Ubuntu'
  const reason = missing(commands)
  if (reason !== undefined && process.env['CI'] === 'true')
    throw new Error(`this machine cannot run the end-to-end tests: ${reason}`)
  return reason
}

/** Why a test of programs cannot run here, for `skip`; false when it can. With CI=true it is an error. */
export function missingPrograms(commands: readonly string[]): string | false {
  const reason = absent(commands)
  if (reason !== undefined && process.env['CI'] === 'true') throw new Error(`this machine ${reason}`)
  return reason ?? false
}

function absent(commands: readonly string[]): string | undefined {
  const names = commands.filter((command) => !onPath(command))
  return names.length > 0 ? `needs ${names.join(', ')}` : undefined
}

function missing(commands: readonly string[]): string | undefined {
  const reason = absent(commands)
  if (reason !== undefined) return reason
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK)
  } catch {
    return 'needs /dev/net/tun'
  }
  return undefined
}

function onPath(command: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(join(folder, command)))
}

function isDebianFamily(): boolean {
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
}
