import { longestTimerMs } from '../util/sleep.ts'

/** What ends a command before it ends by itself: its deadline or the signal, whichever is first. */
export class EarlyEnd {
  readonly promise: Promise<'timeout' | 'cancelled'>
  dispose: () => void = () => {}

  constructor(timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    this.promise = new Promise((resolve) => {
      const onAbort = () => resolve('cancelled')
      if (signal?.aborted) onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => resolve('timeout'), Math.min(timeoutMs, longestTimerMs))
      this.dispose = () => {
        signal?.removeEventListener('abort', onAbort)
        clearTimeout(timer)
      }
    })
  }
}

/** The value, or undefined when it does not come in time or fails. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([promise.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}
