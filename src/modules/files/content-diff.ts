import type { Diff } from '../../model/result.ts'

/** Longer content is not shown: nobody reads it, and every diff is kept in the journal. */
const limitBytes = 100 * 1024

/** Before and after of a file's content as text. Binary or huge content becomes a note of its size. */
export function contentDiff(path: string, before: Uint8Array | null, after: Uint8Array): Diff {
  return {
    before: before === null ? '' : shown(before),
    after: shown(after),
    beforeLabel: before === null ? `${path} (absent)` : path,
    afterLabel: path,
  }
}

function shown(content: Uint8Array): string {
  if (content.length > limitBytes) return `(${content.length} bytes, not shown)\n`
  const text = decodeText(content)
  return text ?? `(binary, ${content.length} bytes)\n`
}

/** The text of a file, or null when it is binary: a NUL byte, or not UTF-8. */
export function decodeText(content: Uint8Array): string | null {
  if (content.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return null // Not UTF-8.
  }
}
