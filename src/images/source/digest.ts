import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** SHA-256 of a file of the controller, lower-case hexadecimal. `onBytes` hears how far it is. */
export async function fileDigest(
  path: string,
  signal: AbortSignal,
  onBytes: (done: number) => void = () => undefined,
): Promise<string> {
  const hash = createHash('sha256')
  let done = 0
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer)
    done += (chunk as Buffer).byteLength
    onBytes(done)
  }
  return hash.digest('hex')
}
