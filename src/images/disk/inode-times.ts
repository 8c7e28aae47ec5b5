import type { CommandResult } from '../../model/command.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { sh } from '../../util/sh.ts'

/** The first inode that is not the file system's own, and the root folder's (ext4). */
const firstInode = 11
const rootInode = 2

/**
 * Gives every file of an ext4 file system in a file one time of last change and access, in seconds since 1970. mke2fs
 * copies both from the folder that it reads, and no program can choose a file's ctime there. Returns what failed, if
 * anything did.
 */
export async function setInodeTimes(
  host: HostAccess,
  raw: string,
  seconds: number,
): Promise<CommandResult | undefined> {
  const described = await host.run(sh`PATH="$PATH:/usr/sbin:/sbin"; LC_ALL=C dumpe2fs ${raw}`)
  if (described.exitCode !== 0) return described
  const inodes = usedInodes(described.stdout).filter((inode) => inode === rootInode || inode >= firstInode)
  const script = inodes
    .flatMap((inode) => ['ctime', 'atime'].map((field) => `sif <${inode}> ${field} @${seconds}\n`))
    .join('')
  const result = await host.run({
    // debugfs ends with 0 whatever its commands did; it says its version and what failed on stderr. `cat |`, because
    // stdin may be a socket, which cannot be opened by name.
    ...sh`PATH="$PATH:/usr/sbin:/sbin"; export E2FSPROGS_FAKE_TIME=${seconds} SOURCE_DATE_EPOCH=${seconds}; wrong=$(cat | debugfs -w -f /dev/stdin ${raw} 2>&1 >/dev/null | grep -v '^debugfs [0-9]'); [ -z "$wrong" ] || { printf '%s\\n' "$wrong" >&2; exit 1; }`,
    stdin: script,
  })
  return result.exitCode === 0 ? undefined : result
}

/** Numbers of the inodes that are not free, ascending, out of what dumpe2fs prints of each block group. */
export function usedInodes(text: string): number[] {
  const count = Number(/^Inode count: +(\d+)$/m.exec(text)?.[1] ?? 0)
  const free = [...text.matchAll(/^ {2}Free inodes: (.+)$/gm)].flatMap(([, ranges = '']) =>
    ranges.split(', ').flatMap((range): [number, number][] => {
      const [from = Number.NaN, to = from] = range.split('-').map(Number)
      return Number.isNaN(from + to) ? [] : [[from, to]]
    }),
  )
  const used: number[] = []
  let next = 1
  for (const [from, to] of [...free, [count + 1, count + 1] as const]) {
    while (next < from) used.push(next++)
    next = to + 1
  }
  return used
}
