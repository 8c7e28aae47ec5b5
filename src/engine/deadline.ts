import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { FailureError } from '../model/failure.ts'
import { longestTimerMs } from '../util/sleep.ts'
import { cancelledFailure } from './failures.ts'
import type { Interruption } from './interruption.ts'

/** How long work that was cancelled may take to end: process groups on hosts get TERM, then KILL. Milliseconds. */
const graceMs = 10_000

/**
 * Runs work that ends when a deadline passes or the run is interrupted. Cancelled work is awaited, because what runs
 * on hosts must be dead before the run goes on, but not for ever.
 */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  timeoutMs: number | undefined,
  interruption: Interruption,
): Promise<T> {
  const deadline = new AbortController()
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => deadline.abort(), Math.min(timeoutMs, longestTimerMs))
  const signal = AbortSignal.any([interruption.signal, deadline.signal])
  // Every command of the task listens, and a benchmark reads two dozen facts at once.
  setMaxListeners(0, signal)
  const settled = new AbortController()
  try {
    return await Promise.race([work(signal), abandoned(signal, interruption.atOnce, settled.signal)])
  } catch (error) {
    if (interruption.stopsWork()) throw new FailureError(cancelledFailure(), { cause: error })
    if (!deadline.signal.aborted) throw error
    throw new FailureError(
      {
        reason: 'timeout',
        code: 'task-timeout',
        message: `The task did not end within its ${(timeoutMs ?? 0) / 1000} s.`,
        hint: 'Give it more with `timeout:`, in seconds.',
      },
      { cause: error },
    )
  } finally {
    clearTimeout(timer)
    settled.abort('settled')
  }
}

/** Rejects some time after the signal, for work that does not listen to it. */
async function abandoned(signal: AbortSignal, atOnce: AbortSignal, settled: AbortSignal): Promise<never> {
  await aborted(signal, settled)
  // The timer must not keep a finished process alive, and the second interruption does not wait.
  await sleep(graceMs, undefined, { ref: false, signal: AbortSignal.any([atOnce, settled]) }).catch(
    () => undefined,
  )
  throw new FailureError(cancelledFailure())
}

async function aborted(signal: AbortSignal, settled: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: settled })
  })
}
