import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import type { Command } from '../../model/command.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'

/** Gone after a reboot, as every holder is. */
const lockFolder = '/run/hvlab'
/** Sandbox hosts have nothing to do with guests. */
export const sandboxLock = '/run/hvlab-sandbox'

/**
 * Lets one task at a time change networks or guests of a host, or measure there, of all runs of everybody: between the look at what is
 * there and the change, another run would make the same, and take the first one's disks away. Waits, and says for whom. In check
 * mode, and on hosts where the user may not write in /run, there is no lock.
 *
 * The holder is the connection of hvlab to the host (its sshd; on the controller hvlab itself), by process id and start time:
 * whatever ends it, kill -9 and a cut network too, the lock is free.
 */
export async function lockHost(
  context: Pick<ModuleContext, 'run' | 'check' | 'runId' | 'host' | 'note' | 'progress'>,
  doing: 'changes guests' | 'changes sandbox hosts' | 'measures',
  folder: string = lockFolder,
): Promise<AsyncDisposable> {
  if (context.check) return { [Symbol.asyncDispose]: async () => undefined }
  const token = randomBytes(8).toString('hex')
  const who = `${context.runId} (process ${process.pid} of ${userInfo().username} on ${hostname()}) ${doing}`
  let told = false
  for (;;) {
    const { stdout } = await context.run(take(folder, token, who))
    const holder = /^held (.*)$/m.exec(stdout)?.[1]
    if (holder === undefined) break
    const other = printable(holder)
    if (!told) context.note('info', `the run ${other} on ${context.host} now; waiting for it`)
    told = true
    context.progress({ text: `waiting: the run ${other}` })
  }
  return {
    [Symbol.asyncDispose]: async () => {
      try {
        await context.run(release(folder, token), { cleanUp: true })
      } catch (error) {
        // Where the connection is gone, the lock is, too.
        if (!(error instanceof FailureError)) throw error
      }
    },
  }
}

/** The start of a process, in clock ticks after boot: with its id it names it for good. Then who holds the lock, if that is alive. */
const holderOf = sh`startOf() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }
holder() { read -r pid began _ who 2>/dev/null <lock && [ -n "$began" ] && [ "$(startOf "$pid")" = "$began" ] && printf '%s\\n' "$who"; }`

/**
 * Keeps others out for the length of a look and a write, in the folder of the lock. Whoever releases a lock takes the guard's file
 * away with it: one that was opened before and is no longer in its place guards nothing.
 */
const guard = sh`exec 9>guard && flock 9 && [ guard -ef /dev/fd/9 ]`

/**
 * Prints `held WHO` after some seconds in which somebody else kept it. An attempt that meets a release fails, and the next makes
 * the folder anew. Between this command and the connection are shells, and what becomes another user.
 */
function take(folder: string, token: string, who: string): Command {
  return sh`(umask 022
{ mkdir -p ${folder} && [ -w ${folder} ]; } 2>/dev/null || exit 0
own=$PPID
while read -r name <"/proc/$own/comm"; do
  case $name in sh|ash|dash|bash|ksh*|zsh|fish|csh|tcsh|busybox|setsid|env|sudo|su) ;; *) break ;; esac
  own=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$own/status")
done 2>/dev/null
${holderOf}
start=$(startOf "$own"); [ -n "$start" ] || exit 0
attempt() (
  mkdir -p ${folder} && cd ${folder} && ${guard} || exit
  ! holder || exit 0
  printf '%s\\n' "$own $start "${token}" "${who} >lock
)
n=0 seen=
until other=$(attempt) && [ -z "$other" ]; do
  seen=\${other:-$seen}
  n=$((n+1)); [ "$n" -lt 20 ] || { [ -z "$seen" ] || printf 'held %s\\n' "$seen"; exit 0; }
  sleep 0.25
done) 2>/dev/null`
}

/** Nothing stays of a lock that nobody has. */
function release(folder: string, token: string): Command {
  return sh`(cd ${folder} && ${guard} || exit 0
read -r _ _ token _ <lock && [ "$token" = ${token} ] && rm -f lock guard && cd / && rmdir ${folder}; :) 2>/dev/null`
}

/** Takes away what is left of the lock of a run that is dead. */
export function removeDeadLock(folder: string = lockFolder): Command {
  return sh`(cd ${folder} || exit 0
${holderOf}
${guard} || exit 0
holder || { rm -f lock guard; cd / && rmdir ${folder}; }; :) >/dev/null 2>&1`
}
