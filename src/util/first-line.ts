import { closeSync, openSync, readSync } from 'node:fs'

/** The first line of a file, without reading the rest: journals may be large, and there may be many. */
export function firstLine(file: string): string {
  const descriptor = openSync(file, 'r')
  try {
    const parts: Buffer[] = []
    for (;;) {
      const chunk = Buffer.alloc(65_536)
      const length = readSync(descriptor, chunk)
      const end = chunk.subarray(0, length).indexOf('\n')
      parts.push(chunk.subarray(0, end === -1 ? length : end))
      if (end !== -1 || length === 0) return Buffer.concat(parts).toString()
    }
  } finally {
    closeSync(descriptor)
  }
}
