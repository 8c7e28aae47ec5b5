import { err, ok, type Result } from '../util/result.ts'
import { isHalted } from './guest-phase.ts'

/** What one attempt to log in came to. Only `ready` ends the wait well. */
export type Attempt =
  | { readonly kind: 'ready' }
  /** No TCP connection: the guest has no address yet, or no sshd. */
  | { readonly kind: 'closed'; readonly why: string }
  /** An SSH server answers, but the login does not work (yet): user, key or host key are not in place. */
  | { readonly kind: 'refused'; readonly why: string }

/** What the hypervisor sees of the guest. */
export interface Observation {
  /** libvirt's words; undefined when the domain is gone. */
  readonly state: string | undefined
  readonly running: boolean
  /** Bytes of the serial log so far. */
  readonly serialBytes: number
  /** Its end says that the kernel panicked: nothing will come any more. */
  readonly panicked?: boolean
}

/** How long a guest may take, in milliseconds. */
export interface Deadline {
  /** Enough for a good boot. */
  readonly softMs: number
  /** After that, it goes on while the serial log moved within this time … */
  readonly stallMs: number
  /** … but never longer than this. */
  readonly hardMs: number
}

export interface Watched {
  now(): number
  sleep(ms: number): Promise<void>
  attempt(): Promise<Attempt>
  observe(): Promise<Observation>
}

export interface NotReady {
  readonly kind: 'stopped' | 'panicked' | 'halted' | 'stalled' | 'too-slow'
  readonly waitedMs: number
  readonly attempt: Attempt
  readonly observation: Observation
}

/** Emulation makes a boot this many times slower: 8–12 measured for processor work, less for waiting. */
const slowdown = { kvm: 1, tcg: 6 } as const

/** The deadline for an accelerator: base × slowdown, unless a person set the seconds. */
export function deadlineFor(accelerator: 'kvm' | 'tcg', seconds?: number): Deadline {
  const factor = slowdown[accelerator]
  const softMs = seconds === undefined ? 60_000 * factor : seconds * 1000
  return { softMs, stallMs: 15_000 * factor, hardMs: seconds === undefined ? softMs * 3 : softMs }
}

const attemptEveryMs = 250
const observeEveryMs = 2_000

/**
 * Waits until a login works. Attempts start every 250 ms, so that the delay after the guest's own sshd is small.
 * A guest that stopped or stands still, or whose kernel panicked, fails at once. Past the soft deadline it may go on as long as its serial log grows.
 */
export async function awaitLogin(
  watched: Watched,
  deadline: Deadline,
): Promise<Result<{ waitedMs: number }, NotReady>> {
  const started = watched.now()
  let observation = await watched.observe()
  let observedAt = watched.now()
  let movedAt = observedAt
  for (;;) {
    const attemptedAt = watched.now()
    const attempt = await watched.attempt()
    const waitedMs = watched.now() - started
    if (attempt.kind === 'ready') return ok({ waitedMs })
    if (watched.now() - observedAt >= observeEveryMs) {
      const before = observation.serialBytes
      observation = await watched.observe()
      observedAt = watched.now()
      if (observation.serialBytes !== before) movedAt = observedAt
    }
    const why = verdict(observation, waitedMs, watched.now() - movedAt, deadline)
    if (why) return err({ kind: why, waitedMs, attempt, observation })
    await watched.sleep(Math.max(0, attemptedAt + attemptEveryMs - watched.now()))
  }
}

function verdict(
  observation: Observation,
  waitedMs: number,
  quietMs: number,
  deadline: Deadline,
): NotReady['kind'] | undefined {
  if (!observation.running) return 'stopped'
  if (observation.panicked) return 'panicked'
  if (isHalted(observation.state ?? '')) return 'halted'
  if (waitedMs >= deadline.hardMs) return quietMs >= deadline.stallMs ? 'stalled' : 'too-slow'
  if (waitedMs >= deadline.softMs && quietMs >= deadline.stallMs) return 'stalled'
  return undefined
}
