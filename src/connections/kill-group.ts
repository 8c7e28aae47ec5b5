import type { Command } from '../model/command.ts'
import { script } from '../util/sh.ts'

/**
 * The ladder in rounds of a tenth of a second and a look at the processes: TERM, 2 to 3 s to end well, KILL, then 1 s for
 * the kernel. Less than the 5 s that people wait.
 */
const termRounds = 20
const killRounds = 10

/** The longest that `killGroup` takes on a host that answers, its shell included. */
export const killDeadlineMs = 8_000

/**
 * Ends a process group on a host. Exit code 0 when nothing of it runs any more.
 *
 * A process that ended but was not collected yet still takes signals, and some containers' first process collects
 * late or never; so the state in /proc decides (field 3, proc(5); the name before it may hold spaces and brackets).
 */
export function killGroup(processGroup: number): Command {
  const group = String(Math.trunc(processGroup))
  return script(`
runs() {
  kill -s 0 -- -${group} 2>/dev/null || return 1
  [ -r /proc/self/stat ] || return 0
  for file in /proc/[0-9]*/stat; do
    read -r line 2>/dev/null <"$file" || continue
    set -- \${line##*) }
    case $3:$1 in ${group}:[ZX]) ;; ${group}:*) return 0 ;; esac
  done
  return 1
}
kill -s TERM -- -${group} 2>/dev/null
n=0
while runs; do
  n=$((n+1))
  if [ $n -eq ${termRounds} ]; then kill -s KILL -- -${group} 2>/dev/null; fi
  if [ $n -gt ${termRounds + killRounds} ]; then exit 1; fi
  sleep 0.1
done`)
}
