import type { Command } from '../model/command.ts'
import { renderCommand, sh } from '../util/sh.ts'
import { type NoiseReading, noiseFunctions, parseNoise } from './noise.ts'

const mark = {
  waiting: '@@hvlab waiting',
  before: '@@hvlab before',
  run: '@@hvlab run',
  after: '@@hvlab after',
} as const

/** Exit code of the script when a guest could not be suspended: above what tools return, below signals. */
export const suspendFailedExitCode = 97

/** Exit code of the script when nobody opened its barrier. */
export const barrierClosedExitCode = 98

/** Seconds at a barrier: guests arrive together, or one of them was lost. */
const barrierS = 60

/** Exit code when a signal ended the trial's shell: what SIGTERM gives. */
const endedBySignal = 143

export interface TrialScript {
  readonly argv: readonly string[]
  /** Standard error of the workload is read with its output. */
  readonly withErrors?: boolean
  /** Folder where the workload's program is looked for first. */
  readonly path?: string
  /** A FIFO: the trial says that it waits, and begins when something is written into it. */
  readonly barrier?: string
  /** What comes before the workload's words, e.g. `taskset -c 0,1`. */
  readonly confine?: Command
  /** libvirt domains that stand still during the trial, and how to call virsh. */
  readonly suspend?: { readonly virsh: Command; readonly domains: readonly string[] }
}

/**
 * One trial as one command: a reading of the counters, the workload, a reading. With `suspend`, the guests stand still
 * meanwhile. The workload runs in the background, because only `wait` lets a shell act on a signal at once. `times` stands
 * where the readings' own processes do not count.
 */
export function trialScript({ argv, withErrors, path, barrier, confine, suspend }: TrialScript): Command {
  const confined = confine === undefined ? sh`` : sh`${confine} `
  const still = suspend !== undefined && suspend.domains.length > 0
  const arrive =
    barrier === undefined
      ? sh``
      : sh`rm -f ${barrier}; mkfifo -m 600 ${barrier} && mark ${mark.waiting} && timeout ${barrierS} cat ${barrier} >&2 || exit ${barrierClosedExitCode}\n`
  const found = path === undefined ? sh`` : sh`PATH=${path}:$PATH\n`
  return sh`LC_ALL=C; export LC_ALL
${found}${noiseFunctions}
${arrive}trial() {
  mark ${mark.before}; counters; times
  mark ${mark.run}
  ${confined}${argv} ${withErrors === true ? sh`2>&1 ` : sh``}${still ? sh`9>&- ` : sh``}&
  ${still ? sh`echo "$!" >&9` : sh`:`}
  wait "$!"; code=$?
  echo; mark ${mark.after}; times; counters
  return "$code"
}
${still ? suspended(suspend) : sh`trial`}
exit "$?"`
}

/**
 * The guests are resumed by a watcher in a session of its own, which waits for the end of a pipe that only the trial's shell
 * holds open. However that shell ends, by itself, by a signal, by SIGKILL, or because hvlab was killed and nobody reads its
 * output any more (SIGPIPE runs no trap), the watcher sees the end of the pipe, ends the workload and resumes. The main
 * shell waits for it, so that hvlab does not go on, or end, before the guests run again. No guest is suspended before the watcher is
 * out of the reach of what ends the trial's process group; it says so with SIGUSR1.
 */
function suspended({ virsh, domains }: NonNullable<TrialScript['suspend']>): Command {
  const watch = sh`trap '' HUP INT TERM PIPE
read -r trial && kill -USR1 "$trial"
read -r workload; read -r code
[ -n "$code" ] || [ -z "$workload" ] || kill "$workload" 2>/dev/null
for domain in ${domains}; do ${virsh} resume "$domain" </dev/null >/dev/null 2>&1; done
exit "\${code:-${endedBySignal}}"`
  return sh`trap : HUP INT TERM
exec 3>&1
( exec 9>&1 >&3 3>&-
  watched= turn=0
  trap watched=1 USR1
  read -r self _ </proc/self/stat; echo "$self" >&9
  until [ -n "$watched" ]; do turn=$((turn+1)); [ "$turn" -lt 3000 ] || exit; sleep 0.01; done
  for domain in ${domains}; do ${virsh} suspend "$domain" >&2 9>&- || { printf '\\n%s\\n' ${suspendFailedExitCode} >&9; exit; }; done
  trial
  echo "$?" >&9
) | setsid -w sh -c ${renderCommand(watch)} 3>&-`
}

export interface TrialOutput {
  readonly before: NoiseReading
  readonly after: NoiseReading
  /** What the workload printed. */
  readonly workload: string
  /** The subject's own clock, as it printed it with each mark up to the beginning of the workload. */
  readonly shown: readonly { readonly mark: string; readonly uptimeS: number }[]
}

/** Takes the parts of `trialScript`'s output apart; null when a part is missing (the output was cut). */
export function splitTrial(stdout: string): TrialOutput | null {
  const [, before, workload, after] =
    stdout.match(
      /^@@hvlab before\n([\s\S]*?)^@@hvlab run\nuptime [\d.]*\n([\s\S]*?)\n^@@hvlab after\n([\s\S]*)$/m,
    ) ?? []
  if (before === undefined || workload === undefined || after === undefined) return null
  const shown = [mark.waiting, mark.before, mark.run].flatMap((line) => {
    const uptimeS = stdout.match(new RegExp(`^${line}\\nuptime (\\d+\\.\\d+)$`, 'm'))?.[1]
    return uptimeS === undefined ? [] : [{ mark: line, uptimeS: Number(uptimeS) }]
  })
  return { before: parseNoise(before), workload, after: parseNoise(after), shown }
}

/** Notes when the marks of a trial arrive, for the subject's clock against the controller's, and tells others. */
export class MarkWatch {
  readonly #now: () => number
  readonly #onEdge: (edge: 'waiting' | 'start' | 'end') => void
  #rest = ''
  readonly #arrived = new Map<string, number>()
  /** `waiting`: at the barrier; `start` and `end` of the workload. */
  constructor(
    onEdge: (edge: 'waiting' | 'start' | 'end') => void = () => {},
    now: () => number = () => performance.now(),
  ) {
    this.#onEdge = onEdge
    this.#now = now
  }

  /** Standard output as it arrives, in pieces of any size. */
  readonly onOutput = (stream: 'stdout' | 'stderr', text: string): void => {
    if (stream !== 'stdout') return
    const seen = this.#rest + text
    const at = this.#now()
    for (const line of Object.values(mark)) {
      if (this.#arrived.has(line) || !seen.includes(`${line}\n`)) continue
      this.#arrived.set(line, at)
      if (line === mark.waiting) this.#onEdge('waiting')
      if (line === mark.run) this.#onEdge('start')
      if (line === mark.after) this.#onEdge('end')
    }
    this.#rest = seen.slice(-mark.waiting.length - 1)
  }

  /**
   * When the workload began, by the clock that was given; null when it did not. On a machine that works a line comes late, so the
   * subject's own clock says when it was printed. How far that clock is from ours, the mark says whose way was shortest: it waits at
   * rest. Both clocks are read in steps of 10 ms.
   */
  begunMs(shown: TrialOutput['shown']): number | null {
    const arrived = this.#arrived.get(mark.run)
    const printed = shown.find((one) => one.mark === mark.run)
    if (arrived === undefined || printed === undefined) return arrived ?? null
    const apart = shown.flatMap((one) => {
      const at = this.#arrived.get(one.mark)
      return at === undefined ? [] : at - one.uptimeS * 1000
    })
    return printed.uptimeS * 1000 + Math.min(...apart)
  }

  /** Seconds between the readings before and after, or null when a mark did not come. */
  elapsedS(): number | null {
    const [before, after] = [this.#arrived.get(mark.before), this.#arrived.get(mark.after)]
    return before === undefined || after === undefined ? null : (after - before) / 1000
  }
}
