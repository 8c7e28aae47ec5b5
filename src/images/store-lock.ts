import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../model/host-access.ts'
import { sh } from '../util/sh.ts'
import type { BuildReport } from './build-report.ts'
import { storeNotWritable } from './store-errors.ts'

/** Locks that this process gave up without being able to remove them, e.g. because the run was cancelled. */
const abandoned = new Set<string>()

/** A lock on one key of a store, held by this process. */
export interface StoreLock {
  /** Folder in the store for this build alone; published by renaming or removed. */
  readonly workFolder: string
  release(): Promise<void>
}

/**
 * Takes the lock of a key in a store on this machine; waits while another living process builds the same image.
 * The owner is named by process id, start time and boot id, so a dead owner is recognised whatever its id is now;
 * its lock and its half-made folders are removed and a note says so.
 */
export async function lockKey(
  host: HostAccess,
  store: string,
  key: string,
  report: Pick<BuildReport, 'note' | 'progress'>,
): Promise<StoreLock> {
  const token = randomBytes(6).toString('hex')
  const owner = `${process.pid} ${startTime()} ${bootId()} ${token}`
  let told = false
  for (;;) {
    const answer = await tryLock(host, store, key, owner).catch((error: unknown) => {
      // Cut off on the way, it may have the lock all the same.
      abandoned.add(token)
      throw error
    })
    for (const name of answer.removed) {
      report.note('warning', `removed ${name}: left in ${store} by a build that was interrupted`)
    }
    for (const name of answer.stuck) {
      report.note(
        'warning',
        `${store}/${name} was left by a build that was interrupted and cannot be removed`,
      )
    }
    if (answer.holder === undefined) break
    if (!told) report.note('info', `process ${answer.holder} builds the same image; waiting for it`)
    told = true
    report.progress({ text: `waiting for process ${answer.holder}, which builds the same image` })
  }
  const workFolder = `${store}/.${key}.${token}.tmp`
  return {
    workFolder,
    release: async () => {
      abandoned.add(token)
      await host.run(
        {
          ...sh`(
        rm -rf --one-file-system ${workFolder}
        exec 9>${store}/.guard; flock 9
        if [ "$(cat ${lockPath(store, key)} 2>/dev/null)" = ${owner} ]; then rm -f ${lockPath(store, key)}; fi
      )`,
          // The run may have been interrupted, and people wait.
          timeoutMs: 20_000,
        },
        { cleanUp: true },
      )
      abandoned.delete(token)
    },
  }
}

const lockPath = (store: string, key: string): string => `${store}/.${key}.lock`

/**
 * One attempt, atomic under flock(1). A held lock is watched for up to 20 s before the answer, so that asking again
 * at once does not spin. Prints `removed NAME` and `stuck NAME` lines, then `held PID` or `acquired`.
 */
async function tryLock(
  host: HostAccess,
  store: string,
  key: string,
  owner: string,
): Promise<{ holder?: number; removed: string[]; stuck: string[] }> {
  const lock = lockPath(store, key)
  const work = `${store}/.${key}.${owner.split(' ')[3] ?? ''}.tmp`
  const result = await host.run(sh`(
    umask 022
    mkdir -p ${store} 2>/dev/null && [ -w ${store} ] || exit 13
    abandoned=${` ${[...abandoned].join(' ')} `}
    alive() {
      read -r pid start boot token <"$1" 2>/dev/null || return 1
      [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 1
      [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "$start" ] || return 1
      if [ "$pid" = ${String(process.pid)} ]; then case $abandoned in *" $token "*) return 1;; esac; fi
    }
    exec 9>${store}/.guard
    flock 9
    if alive ${lock}; then
      flock -u 9
      i=0
      while [ "$i" -lt 80 ] && alive ${lock}; do i=$((i+1)); sleep 0.25; done
      echo "held $pid"
      exit 0
    fi
    if [ -e ${lock} ]; then echo "removed $(basename ${lock})"; fi
    printf '%s\\n' ${owner} >${lock}
    for folder in ${store}/.*.tmp; do
      [ -d "$folder" ] || continue
      if alive "$folder/owner"; then continue; fi
      rm -rf --one-file-system "$folder" || unshare --map-auto --map-root-user rm -rf --one-file-system "$folder"
      if [ -e "$folder" ]; then echo "stuck $(basename "$folder")"; else echo "removed $(basename "$folder")"; fi
    done
    mkdir ${work} && printf '%s\\n' ${owner} >${work}/owner || exit 13
    echo acquired
  )`)
  const lines = result.stdout.split('\n')
  const named = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  const leftovers = { removed: named('removed'), stuck: named('stuck') }
  const [holder] = named('held')
  if (holder !== undefined) return { ...leftovers, holder: Number(holder) }
  if (lines.includes('acquired')) return leftovers
  if (result.exitCode === 13) throw storeNotWritable(store, result.stderr)
  throw new FailureError({
    reason: 'module',
    code: 'image-store-lock',
    message: `the image store ${store} could not be locked (exit code ${result.exitCode})`,
    hint: 'The commands flock, sed, cut and find are needed; on Debian and Ubuntu they are in util-linux, sed, coreutils and findutils.',
    details: result.stderr.trim(),
  })
}

/** Field 22 of /proc/self/stat: clock ticks after boot at which this process started. */
function startTime(): string {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return fields[19] ?? '0'
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}
