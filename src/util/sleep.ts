import { setTimeout as timer } from 'node:timers/promises'

/** 2^31 - 1 ms, 24.8 days: a timer of Node that is set for longer fires at once. */
export const longestTimerMs = 2_147_483_647

/** Resolves after that time, however long; rejects with an AbortError as soon as the signal fires. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await timer(Math.min(ms, longestTimerMs), undefined, { signal })
  if (ms > longestTimerMs) await sleep(ms - longestTimerMs, signal)
}
