import { join } from 'node:path'
import { must } from './tool.ts'

const blockBytes = 4096
const shown = 20

/**
 * Which files of two ext4 disks are not the same, for a person: the paths whose blocks differ, or the blocks where they
 * are the file system's own. `folder` takes two raw disks meanwhile.
 */
export function diskDifference(one: string, other: string, folder: string): string[] {
  const [a, b] = [join(folder, 'a.raw'), join(folder, 'b.raw')]
  must('qemu-img', ['convert', '-W', '-O', 'raw', one, a])
  must('qemu-img', ['convert', '-W', '-O', 'raw', other, b])
  // cmp prints the place, counted from 1, and both values of every byte that differs.
  const list = must('sh', [
    '-c',
    `cmp -l "$1" "$2" | awk -v size=${blockBytes} '{ block = int(($1 - 1) / size) } !seen[block]++ { print block }' | head -n ${shown}`,
    ...['sh', a, b],
  ])
  const blocks = list.trim().split('\n').filter(Boolean)
  // `BLOCK<TAB>INODE`, then `INODE<TAB>PATH`.
  const owners = new Map(rows(must('debugfs', ['-R', `icheck ${blocks.join(' ')}`, a])))
  const inodes = [...new Set([...owners.values()].filter((inode) => /^\d+$/.test(inode)))]
  const paths = new Map(rows(must('debugfs', ['-R', `ncheck ${inodes.join(' ')}`, a])))
  return blocks.map((block) => {
    const inode = owners.get(block) ?? ''
    return `block ${block}: ${paths.get(inode) ?? `the file system's own (${inode})`}`
  })
}

const rows = (text: string): [string, string][] =>
  [...text.matchAll(/^(\d+)\t(.*)$/gm)].map(([, key = '', value = '']) => [key, value])
