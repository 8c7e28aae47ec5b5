import { readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/**
 * Whether this process was started to outlive its terminal. nohup(1) ignores SIGHUP before it starts a command, but Node undoes that, so
 * it is told by its traces: the shell's `_` (bash, zsh), its output file, or a parent that ignores SIGHUP itself, as in
 * `nohup ./script.sh`.
 */
export function ignoresHangUp(env: Readonly<Record<string, string | undefined>>): boolean {
  return (
    basename(env['_'] ?? '') === 'nohup' ||
    [1, 2].some((descriptor) => basename(outputOf(descriptor)) === 'nohup.out') ||
    parentIgnoresHangUp()
  )
}

function outputOf(descriptor: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}

/** Bit 0 of `SigIgn` is signal 1. Source: proc_pid_status(5). */
function parentIgnoresHangUp(): boolean {
  try {
    const [, mask = '0'] =
      /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${process.ppid}/status`, 'utf8')) ?? []
    return (BigInt(`0x${mask}`) & 1n) === 1n
  } catch {
    return false
  }
}
