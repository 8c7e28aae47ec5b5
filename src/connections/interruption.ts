/** The first of deadline and signal. */
export class Interruption {
  readonly promise: Promise<'timeout' | 'cancelled'>
  dispose: () => void = () => {}

  constructor(timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    this.promise = new Promise((resolve) => {
      const onAbort = () => resolve('cancelled')
      signal?.addEventListener('abort', onAbort, { once: true })
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => resolve('timeout'), timeoutMs)
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
