import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { type FileStat, statFields, statFormat } from './file-stat.ts'
import { readSections, sections } from './sections.ts'
import { lines } from './text.ts'

/**
 * A folder and everything below it: relative path → status, `''` for the root itself; empty when there is none. Of what costs a
 * command for each path, `file-stat` says more. Links are not followed. Names with a newline are left out. Source: find(1), stat(1), sha1sum(1).
 */
export const fileTree = defineFact<[root: string], Readonly<Record<string, FileStat>>>({
  name: 'file-tree',
  command: (root) =>
    sh`cd -- ${root} 2>/dev/null && ${sections({
      stat: sh`find . -exec stat -c ${`${statFormat} %n`} -- {} +`,
      sum: sh`find . -type f -exec sha1sum -- {} +`,
    })}; true`,
  parse({ stdout }) {
    const section = readSections(stdout)
    const sums = new Map(
      lines(section('sum')).map((line): [string, string] => [relative(line.slice(42)), line.slice(0, 40)]),
    )
    return Object.fromEntries(
      lines(section('stat')).flatMap((line): [string, FileStat][] => {
        const match =
          /^([0-9a-f]+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\S+) (\S+) (\..*)$/.exec(line)
        if (!match) return []
        const path = relative(match.at(-1) ?? '')
        const fields = statFields(match.slice(1))
        return [
          [
            path,
            {
              ...fields,
              linkTarget: null,
              realPath: path,
              checksum: sums.get(path) ?? null,
              readable: true,
              writable: true,
              executable: (fields.mode & 0o111) !== 0,
            },
          ],
        ]
      }),
    )
  },
})

const relative = (name: string): string => name.replace(/^\.\/?/, '')
