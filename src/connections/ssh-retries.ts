import { FailureError } from '../model/failure.ts'
import { sleep } from '../util/sleep.ts'

/** When a failed attempt to connect is made again. */
export interface RetryRules {
  /** `ansible_ssh_retries`. */
  readonly retries: number
  /** How long a busy sshd (MaxStartups) is asked again before the host counts as unreachable. */
  readonly busyMs: number
  readonly signal?: AbortSignal
}

/**
 * A busy sshd is asked again with growing random pauses; other failures as often as the rules say, after 2^n - 1 s, at
 * most 30 (Ansible's pauses). A refused login or host key is final. Rejects with the signal's reason when it fires.
 */
export async function withRetries<T>(
  { retries, busyMs, signal }: RetryRules,
  attempt: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  let failed = 0
  let busy = 0
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof FailureError) || error.failure.reason !== 'unreachable') throw error
      const { code } = error.failure
      if (code === 'ssh-banner-lost' && performance.now() - startedAt < busyMs) {
        await sleep(Math.min(3_000, 200 * 2 ** busy++) * (0.5 + Math.random()), signal)
      } else if (failed < retries && !final.has(code)) {
        await sleep(Math.min(30_000, (2 ** ++failed - 1) * 1000), signal)
      } else throw error
    }
  }
}

/** Asking again would give the same answer, or lock an account. */
const final = new Set(['ssh-authentication', 'ssh-key-unreadable', 'ssh-key-encrypted'])
