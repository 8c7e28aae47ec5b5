import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { type FileStat, fileKind } from './file-stat.ts'
import { readSections, sections } from './sections.ts'
import { lines } from './text.ts'

/** One path below a root: all that `file-stat` says but for what costs a command each. */
export type TreeStat = FileStat

/**
 * A folder and everything below it: relative path → status, `''` for the root itself; empty when there is none.
 * Links are not followed. Names with a newline are left out. Source: find(1), stat(1), sha1sum(1).
 */
export const fileTree = defineFact<[root: string], Readonly<Record<string, TreeStat>>>({
  name: 'file-tree',
  command: (root) =>
    sh`cd -- ${root} 2>/dev/null && ${sections({
      stat: sh`find . -exec stat -c '%f %u %g %s %X %Y %Z %i %h %d %U %G %n' -- {} +`,
      sum: sh`find . -type f -exec sha1sum -- {} +`,
    })}; true`,
  parse({ stdout }) {
    const section = readSections(stdout)
    const sums = new Map(
      lines(section('sum')).map((line): [string, string] => [relative(line.slice(42)), line.slice(0, 40)]),
    )
    return Object.fromEntries(
      lines(section('stat')).flatMap((line): [string, TreeStat][] => {
        const match =
          /^([0-9a-f]+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\S+) (\S+) (\..*)$/.exec(line)
        if (!match) return []
        const [, hex = '', uid = '', gid = '', ...rest] = match
        const [size, atime, mtime, ctime, inode, links, device, owner, group, name = ''] = rest
        const path = relative(name)
        const raw = Number.parseInt(hex, 16)
        return [
          [
            path,
            {
              kind: fileKind(raw),
              mode: raw & 0o7777,
              uid: Number(uid),
              gid: Number(gid),
              owner: owner === 'UNKNOWN' || owner === undefined ? uid : owner,
              group: group === 'UNKNOWN' || group === undefined ? gid : group,
              sizeBytes: Number(size),
              atime: Number(atime),
              mtime: Number(mtime),
              ctime: Number(ctime),
              inode: Number(inode),
              links: Number(links),
              device: Number(device),
              linkTarget: null,
              realPath: path,
              checksum: sums.get(path) ?? null,
              readable: true,
              writable: true,
              executable: (raw & 0o111) !== 0,
            },
          ],
        ]
      }),
    )
  },
})

const relative = (name: string): string => name.replace(/^\.\/?/, '')
