import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'
import { finite, lines } from './text.ts'

export interface Mount {
  readonly device: string
  readonly path: string
  readonly type: string
  readonly options: readonly string[]
  /** Null for pseudo file systems and for those that `df` was not asked about. */
  readonly totalBytes: number | null
  readonly availableBytes: number | null
}

/**
 * Sizes come from local file systems only, and `df` gets five seconds: a network file system whose server is gone
 * would hang for ever. Sources: fstab(5) for the escapes of /proc/mounts, POSIX `df -P`.
 */
export const mounts = defineFact<[], readonly Mount[]>({
  name: 'mounts',
  command: () =>
    sections({
      mounts: sh`cat /proc/self/mounts`,
      df: sh`LC_ALL=C timeout 5 df -Pkl || LC_ALL=C timeout 5 df -Pk`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const sizes = new Map(lines(section('df')).flatMap(size))
    return lines(section('mounts')).flatMap((line): Mount[] => {
      const [device, path, type, options] = line.split(' ').map(decodeOctal)
      if (device === undefined || path === undefined || type === undefined) return []
      const found = sizes.get(path)
      return [
        {
          device,
          path,
          type,
          options: (options ?? '').split(','),
          totalBytes: found?.total ?? null,
          availableBytes: found?.available ?? null,
        },
      ]
    })
  },
})

function size(row: string): [string, { total: number; available: number }][] {
  const match = /^.+?\s+(\d+)\s+\d+\s+(-?\d+)\s+\S+\s+(\/.*)$/.exec(row)
  return match
    ? [[match[3] ?? '', { total: finite(match[1]) * 1024, available: finite(match[2]) * 1024 }]]
    : []
}

/** `\040` is a space, `\011` a tab, `\012` a newline, `\134` a backslash. */
function decodeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
