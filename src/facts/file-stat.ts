import { FailureError } from '../model/failure.ts'
import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'
import { finite } from './text.ts'

export type FileKind = 'file' | 'directory' | 'link' | 'char' | 'block' | 'fifo' | 'socket' | 'other'
export type ChecksumAlgorithm = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'

export interface FileStat {
  readonly kind: FileKind
  /** Permission bits, the special ones included (07777). */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Names, or the number as text when there is no name. */
  readonly owner: string
  readonly group: string
  readonly sizeBytes: number
  /** Seconds since the epoch. */
  readonly atime: number
  readonly mtime: number
  readonly ctime: number
  readonly inode: number
  readonly links: number
  readonly device: number
  /** For links: what is written in it, and where it leads in the end (empty when nowhere). */
  readonly linkTarget: string | null
  readonly realPath: string
  /** Of a file's content; null for others, and when it was not asked for or cannot be read. */
  readonly checksum: string | null
  readonly readable: boolean
  readonly writable: boolean
  readonly executable: boolean
}

export interface StatOptions {
  /** Look at what a link leads to; a link that leads nowhere is looked at itself. */
  readonly follow?: boolean
  readonly checksum?: ChecksumAlgorithm
}

/** One path; null when nothing is there. Source: GNU and busybox stat(1) `-c`. */
export const fileStat = defineFact<[path: string, options?: StatOptions], FileStat | null>({
  name: 'file-stat',
  command(path, options = {}) {
    const stat = sh`LC_ALL=C stat -c ${statFormat} -- "$p" 2>&1`
    const followed = sh`LC_ALL=C stat -L -c ${statFormat} -- "$p" 2>/dev/null || ${stat}`
    const sum =
      options.checksum === undefined
        ? sh`:`
        : sh`[ -f "$p" ] && ${options.follow ? sh`:` : sh`[ ! -L "$p" ]`} && ${`${options.checksum}sum`} < "$p"`
    return sh`p=${path}; ${sections({
      stat: options.follow ? followed : stat,
      target: sh`[ -L "$p" ] && readlink -- "$p"`,
      real: sh`readlink -f -- "$p"`,
      sum,
      access: sh`[ -r "$p" ] && echo r; [ -w "$p" ] && echo w; [ -x "$p" ] && echo x`,
    })}`
  },
  parse({ stdout }, path) {
    const section = readSections(stdout)
    const stat = section('stat')
    if (/No such file or directory|Not a directory/.test(stat)) return null
    const fields = stat.split(' ')
    if (!/^[0-9a-f]+$/.test(fields[0] ?? '') || fields.length < 10) {
      throw new FailureError({
        reason: 'module',
        code: 'file-not-readable',
        message: `${path} cannot be looked at: ${stat.replace(/^stat: /, '') || 'stat gave no answer'}`,
        hint: 'use become, or another path',
      })
    }
    const target = section('target')
    const access = section('access')
    return {
      ...statFields(fields),
      linkTarget: target === '' ? null : target,
      realPath: section('real') || path,
      checksum: /^[0-9a-f]{32,128}\b/.exec(section('sum'))?.[0] ?? null,
      readable: access.includes('r'),
      writable: access.includes('w'),
      executable: access.includes('x'),
    }
  },
})

/** What `stat -c` prints of a path, for `statFields`. */
export const statFormat = '%f %u %g %s %X %Y %Z %i %h %d %U %G'

/** Of the words that stat(1) printed in that format. */
export function statFields(words: readonly string[]) {
  const [hex = '', uid = '', gid = '', size, atime, mtime, ctime, inode, links, device, owner, group] = words
  const raw = Number.parseInt(hex, 16)
  return {
    kind: fileKind(raw),
    mode: raw & 0o7777,
    uid: finite(uid),
    gid: finite(gid),
    owner: owner === undefined || owner === 'UNKNOWN' ? uid : owner,
    group: group === undefined || group === 'UNKNOWN' ? gid : group,
    sizeBytes: finite(size),
    atime: finite(atime),
    mtime: finite(mtime),
    ctime: finite(ctime),
    inode: finite(inode),
    links: finite(links),
    device: finite(device),
  }
}

/** Source: inode(7), S_IFMT. */
function fileKind(raw: number): FileKind {
  const kinds: Readonly<Record<number, FileKind>> = {
    1: 'fifo',
    2: 'char',
    4: 'directory',
    6: 'block',
    8: 'file',
    10: 'link',
    12: 'socket',
  }
  return kinds[raw >> 12] ?? 'other'
}
