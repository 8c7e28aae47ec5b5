import type { Command } from '../model/command.ts'
import { script } from '../util/sh.ts'

/** The ladder: TERM, 3 s to end well, KILL, then up to 1.5 s for the kernel. Sums to less than the 5 s that people wait. */
const termTenths = 30
const killTenths = 15

/** The longest that `killGroup` takes on a host that answers. */
export const killDeadlineMs = 8_000

/** Ends a process group on a host. Exit code 0 when nothing of it is left. */
export function killGroup(processGroup: number): Command {
  const group = String(Math.trunc(processGroup))
  return script(
    [
      `kill -s TERM -- -${group} 2>/dev/null`,
      'n=0',
      `while kill -s 0 -- -${group} 2>/dev/null; do`,
      '  n=$((n+1))',
      `  if [ $n -eq ${termTenths} ]; then kill -s KILL -- -${group} 2>/dev/null; fi`,
      `  if [ $n -gt ${termTenths + killTenths} ]; then exit 1; fi`,
      '  sleep 0.1',
      'done',
    ].join('\n'),
  )
}
