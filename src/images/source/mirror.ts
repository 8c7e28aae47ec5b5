/** Why a mirror was of no use; another may be. */
export class MirrorError extends Error {}

export interface MirrorAnswer {
  /** Offset of the first byte that is sent: what was asked for, or 0 where the mirror sends all of it again. */
  readonly from: number
  /** Size of the whole file, where the mirror says it. */
  readonly total: number | undefined
  /** For If-Range the next time. */
  readonly validator: string | undefined
  readonly chunks: AsyncIterable<Uint8Array>
  cancel(): Promise<void>
}

export interface MirrorRequest {
  readonly from: number
  /** What this mirror called the version that the part is of. */
  readonly validator?: string | undefined
  readonly signal: AbortSignal
  readonly stallMs?: number
}

/**
 * Asks a mirror for a file from an offset on (RFC 9110: Range, If-Range). Throws a MirrorError for whatever is the
 * mirror's or the network's fault, also while the chunks are read; an abort of the signal is passed on as it is.
 */
export async function openMirror(url: string, request: MirrorRequest): Promise<MirrorAnswer> {
  const { from, validator, signal, stallMs = 30_000 } = request
  const stall = new AbortController()
  const timer = setTimeout(() => stall.abort(), stallMs)
  const guard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      signal.throwIfAborted()
      if (stall.signal.aborted)
        throw new MirrorError(`it sent nothing for ${stallMs / 1000} s`, { cause: error })
      throw new MirrorError(networkReason(error), { cause: error })
    }
  }
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (from > 0) headers['range'] = `bytes=${from}-`
  // Weak validators do not promise equal bytes and are not allowed in If-Range.
  if (from > 0 && validator !== undefined && !validator.startsWith('W/')) headers['if-range'] = validator
  try {
    const response = await guard(
      fetch(url, { headers, signal: AbortSignal.any([signal, stall.signal]), redirect: 'follow' }),
    )
    if (response.status !== 200 && response.status !== 206) {
      await response.body?.cancel()
      // 416: the part is longer than the file here, so it is not a part of it. All of it is asked for instead.
      if (response.status === 416 && from > 0) {
        clearTimeout(timer)
        return await openMirror(url, { ...request, from: 0 })
      }
      throw new MirrorError(`it answers ${response.status} ${response.statusText}`.trim())
    }
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '')
    const length = response.headers.get('content-length')
    const start = response.status === 206 ? Number(range?.[1] ?? from) : 0
    const total = response.status === 206 ? Number(range?.[2] ?? Number.NaN) : Number(length ?? Number.NaN)
    return {
      from: start,
      total: Number.isSafeInteger(total) ? total : undefined,
      validator: response.headers.get('etag') ?? response.headers.get('last-modified') ?? undefined,
      chunks: chunksOf(response, guard, timer),
      cancel: async () => {
        clearTimeout(timer)
        await response.body?.cancel()
      },
    }
  } catch (error) {
    clearTimeout(timer)
    throw error
  }
}

async function* chunksOf(
  response: Response,
  guard: <T>(work: Promise<T>) => Promise<T>,
  timer: NodeJS.Timeout,
): AsyncIterable<Uint8Array> {
  const reader = response.body?.getReader()
  try {
    while (reader !== undefined) {
      timer.refresh()
      const { done, value } = await guard(reader.read())
      if (done) return
      yield value
    }
  } finally {
    clearTimeout(timer)
    await reader?.cancel().catch(() => undefined)
  }
}

/** fetch says only "fetch failed"; the reason is in its cause. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  return reasons[code] ?? (code === '' ? cause.message : `${cause.message} (${code})`)
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved',
  ECONNREFUSED: 'it refuses connections',
  ECONNRESET: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  ETIMEDOUT: 'it does not answer',
}
