import { createReadStream } from 'node:fs'
import { Readable, type Writable } from 'node:stream'

/** A file on the controller that becomes the input of a command. */
export interface InputFile {
  readonly file: string
  readonly sizeBytes: number
  /** Sees every chunk in order, for a digest and progress. */
  readonly onChunk: (chunk: Buffer) => void
  /** The file could not be read to its end; the input ends there. */
  readonly onError: (error: Error) => void
}

const chunkBytes = 256 * 1024

/**
 * Streams the data as fast as the process takes it, then ends the input. Stops when the process stops reading.
 *
 * @param onSent Bytes so far, for data that is in memory.
 */
export function sendInput(
  source: InputFile | Uint8Array,
  stdin: Writable,
  onSent?: (doneBytes: number) => void,
): void {
  const stream = source instanceof Uint8Array ? openBytes(source, onSent) : openFile(source)
  stream.once('error', () => stdin.end())
  stdin.once('close', () => stream.destroy())
  stream.pipe(stdin)
}

function openFile(source: InputFile): Readable {
  // Bounded, so that a file that grows meanwhile does not shift what the host counts.
  const stream = createReadStream(source.file, { highWaterMark: chunkBytes, end: source.sizeBytes - 1 })
  stream.on('data', (chunk) => source.onChunk(chunk as Buffer))
  stream.once('error', source.onError)
  return stream
}

function openBytes(bytes: Uint8Array, onSent: ((doneBytes: number) => void) | undefined): Readable {
  const stream = Readable.from(chunksOf(bytes))
  let doneBytes = 0
  stream.on('data', (chunk: Uint8Array) => {
    doneBytes += chunk.length
    onSent?.(doneBytes)
  })
  return stream
}

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}
