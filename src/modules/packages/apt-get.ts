import type { Command, CommandResult } from '../../model/command.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { sleep } from '../../util/sleep.ts'
import { lastLines, moduleFailure } from '../failure.ts'

export interface AptGetOptions {
  /** How long another process may keep apt's locks, seconds. */
  readonly lockTimeoutSeconds: number
  /** For dpkg, without the leading dashes: `force-confdef`. */
  readonly dpkgOptions: readonly string[]
}

/** Between attempts while another process keeps the lock. */
const lockPauseMs = 3_000

/**
 * Runs apt-get without questions, waiting for locks. `DPkg::Lock::Timeout` (apt ≥ 1.9.11) covers installing; the lock of
 * the package lists fails at once, and so does dpkg's on older systems: both are tried again here.
 */
export async function aptGet(
  context: ModuleContext,
  words: readonly string[],
  options: AptGetOptions,
): Promise<CommandResult> {
  const command = aptGetCommand(words, options)
  const deadline = performance.now() + options.lockTimeoutSeconds * 1000
  for (;;) {
    const result = await context.run(command, { stream: true })
    const output = `${result.stdout}\n${result.stderr}`
    if (result.exitCode === 0 && !fetchFailed(words, output)) return result
    if (!isLocked(output) || performance.now() + lockPauseMs > deadline)
      throw aptFailure(words, output, result.exitCode)
    context.progress({ text: 'waiting for the lock of apt' })
    await sleep(lockPauseMs, context.signal)
  }
}

/** The command alone, for simulations too. */
export function aptGetCommand(words: readonly string[], options: AptGetOptions): Command {
  const settings = [
    `DPkg::Lock::Timeout=${options.lockTimeoutSeconds}`,
    ...options.dpkgOptions.map((option) => `Dpkg::Options::=--${option}`),
  ].flatMap((setting) => ['-o', setting])
  return {
    ...sh`apt-get -q -y ${settings} ${words}`,
    env: {
      DEBIAN_FRONTEND: 'noninteractive',
      DEBIAN_PRIORITY: 'critical',
      NEEDRESTART_MODE: 'l',
      LC_ALL: 'C',
    },
  }
}

/** `apt-get update` ends with 0 although lists could not be fetched. */
function fetchFailed(words: readonly string[], output: string): boolean {
  return words[0] === 'update' && /^[WE]: (Failed to fetch|Some index files failed)/m.test(output)
}

function isLocked(output: string): boolean {
  return /Could not get lock|Unable to (acquire|lock)|is another process using it/.test(output)
}

/** Names what went wrong from apt's words. */
function aptFailure(words: readonly string[], output: string, exitCode: number) {
  const details = lastLines(output.trim())
  const what = `apt-get ${words[0]}`
  if (isLocked(output)) {
    const holder = /held by process (\d+(?: \([^)]*\))?)/.exec(output)?.[1]
    return moduleFailure(
      'apt-locked',
      `${what} could not get apt's lock${holder ? `, held by process ${holder}` : ''}`,
      'wait for the other process to end, or set a longer lock_timeout',
      details,
    )
  }
  if (/dpkg was interrupted/.test(output)) {
    return moduleFailure(
      'apt-interrupted',
      `${what}: dpkg was interrupted earlier`,
      'run dpkg --configure -a on the host',
      details,
    )
  }
  const unknown =
    /Unable to locate package (\S+)|Package '?(\S+?)'? has no installation candidate|Couldn't find any package by glob '(\S+)'/.exec(
      output,
    )
  if (unknown) {
    return moduleFailure(
      'apt-package-unknown',
      `apt knows no package ${unknown[1] ?? unknown[2] ?? unknown[3]}`,
      'check the name, set update_cache: yes, or add the repository that has it',
      details,
    )
  }
  const release = /(Release file for \S+ is (?:not valid yet|expired) \([^)]*\))/.exec(output)?.[1]
  if (release !== undefined || /certificate.*\bnot yet (valid|activated)/i.test(output)) {
    return moduleFailure(
      'apt-clock',
      `${what}: by the clock of the host ${release ?? 'the certificate of the mirror is not valid yet'}`,
      'set the clock of the host (`timedatectl set-ntp true`); where it is right, the mirror is out of date',
      details,
    )
  }
  if (/No space left on device|don't have enough free space/.test(output)) {
    return moduleFailure(
      'apt-no-space',
      `${what}: the disk is full`,
      'make room; apt-get clean frees /var/cache/apt',
      details,
    )
  }
  if (
    /Failed to fetch|Temporary failure resolving|Could not resolve|Some index files failed|Could not connect/.test(
      output,
    )
  ) {
    const address = /(?:Failed to fetch|Could not resolve|Temporary failure resolving) '?([^\s']+)/.exec(
      output,
    )?.[1]
    return moduleFailure(
      'apt-fetch-failed',
      `${what} could not download${address ? ` ${address}` : ''}`,
      'check the network, the proxy and the sources of apt on the host',
      details,
    )
  }
  if (/unmet dependencies|held broken packages/.test(output)) {
    return moduleFailure(
      'apt-dependencies',
      `${what}: the packages do not fit together`,
      'look at the dependencies below',
      details,
    )
  }
  return moduleFailure('apt-failed', `${what} ended with exit code ${exitCode}`, undefined, details)
}
