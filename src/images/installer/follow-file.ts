import { open } from 'node:fs/promises'

/**
 * Hands over what is appended to a file, which may not exist yet, until the signal fires; then once more what came in
 * between. Looks five times a second: the console of an installer is slower than that.
 *
 * @param onQuiet called at each look that finds nothing new
 */
export async function followFile(
  path: string,
  onBytes: (bytes: Uint8Array) => void,
  onQuiet: () => void,
  signal: AbortSignal,
): Promise<void> {
  let offset = 0
  const buffer = Buffer.alloc(64 * 1024)
  for (;;) {
    const last = signal.aborted
    const before = offset
    offset = await readFrom(path, offset, buffer, onBytes)
    if (last) return
    if (offset === before) onQuiet()
    await pause(200, signal)
  }
}

async function readFrom(
  path: string,
  offset: number,
  buffer: Buffer,
  onBytes: (bytes: Uint8Array) => void,
): Promise<number> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return offset
  try {
    for (let at = offset; ; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) return at
      onBytes(buffer.subarray(0, bytesRead))
      at += bytesRead
    }
  } finally {
    await file.close()
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
