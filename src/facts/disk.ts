import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { finite, lines } from './text.ts'

export interface Disk {
  readonly device: string
  readonly mountPoint: string
  readonly totalBytes: number
  readonly usedBytes: number
  /** What an unprivileged user may still write: the file system's reserve is not in it. */
  readonly availableBytes: number
}

/**
 * The file system that holds a path, or would hold it: of a path that does not exist yet, its nearest parent counts.
 * Null when `df` gives no answer. Source: POSIX `df -Pk`.
 */
export const disk = defineFact<[path: string], Disk | null>({
  name: 'disk',
  command: (path) =>
    sh`p=${path}; while [ ! -e "$p" ] && [ "$p" != / ] && [ "$p" != . ]; do p=$(dirname -- "$p"); done; LC_ALL=C df -Pk -- "$p"`,
  parse({ stdout }) {
    const row = lines(stdout)[1] ?? ''
    // From the first number on: a pattern for the device, which may have blanks in it, would try all ways to part a run of them.
    const match = /\s(\d+)\s+(\d+)\s+(-?\d+)\s+\S+\s+(\/.*)$/.exec(row)
    if (!match) return null
    const [, total, used, available, mountPoint = ''] = match
    const device = row.slice(0, match.index).trim()
    return {
      device,
      mountPoint,
      totalBytes: finite(total) * 1024,
      usedBytes: finite(used) * 1024,
      availableBytes: finite(available) * 1024,
    }
  },
})
