import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import type { Vars } from '../../model/value.ts'
import { bool, choice, parameters, path } from '../params.ts'
import { defineQuery } from '../query.ts'
import { hostPath } from './host-path.ts'
import { octal } from './mode.ts'

/** Ansible gives these by default; a task that asks for them must know that they are not there. */
const notSupported = (name: string) =>
  bool()
    .default(false)
    .refine((value) => !value, { error: `must be no: hvlab does not have ${name}` })
    .describe('Only no is supported, and it is the default (Ansible: yes).')

/** Ansible's `stat`. */
export const stat = defineQuery({
  name: 'stat',
  doc: 'Says what is at a path: kind, mode, owner, size, times, checksum. Changes nothing.',
  params: parameters(
    {
      path: path().describe('The path.'),
      follow: bool().default(false).describe('Look at what a link leads to.'),
      get_checksum: bool().default(true).describe('Give the checksum of a file.'),
      checksum_algorithm: choice(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'])
        .default('sha1')
        .describe('Which checksum.'),
      get_mime: notSupported('get_mime'),
      get_attributes: notSupported('get_attributes'),
    },
    {
      aliases: {
        dest: 'path',
        name: 'path',
        checksum: 'checksum_algorithm',
        checksum_algo: 'checksum_algorithm',
        mime: 'get_mime',
        mime_type: 'get_mime',
        'mime-type': 'get_mime',
        attr: 'get_attributes',
        attributes: 'get_attributes',
      },
    },
  ),
  returns: {
    stat: 'exists, path, mode, isdir, isreg, islnk, size, uid, gid, pw_name, gr_name, mtime, checksum, lnk_source …',
  },
  async answer(context, params) {
    const asked = await hostPath(context, params.path)
    const options = params.get_checksum ? { checksum: params.checksum_algorithm } : {}
    const found = await context.freshFact(fileStat, asked, { follow: params.follow, ...options })
    const stat = found === null ? { exists: false } : statVars(asked, found)
    return { data: { stat }, why: 'stat changes nothing' }
  },
})

/** Ansible's names. */
function statVars(path: string, stat: FileStat): Vars {
  const bit = (value: number): boolean => (stat.mode & value) !== 0
  return {
    exists: true,
    path,
    mode: octal(stat.mode),
    isdir: stat.kind === 'directory',
    ischr: stat.kind === 'char',
    isblk: stat.kind === 'block',
    isreg: stat.kind === 'file',
    isfifo: stat.kind === 'fifo',
    islnk: stat.kind === 'link',
    issock: stat.kind === 'socket',
    uid: stat.uid,
    gid: stat.gid,
    pw_name: stat.owner,
    gr_name: stat.group,
    size: stat.sizeBytes,
    inode: stat.inode,
    dev: stat.device,
    nlink: stat.links,
    atime: stat.atime,
    mtime: stat.mtime,
    ctime: stat.ctime,
    rusr: bit(0o400),
    wusr: bit(0o200),
    xusr: bit(0o100),
    rgrp: bit(0o040),
    wgrp: bit(0o020),
    xgrp: bit(0o010),
    roth: bit(0o004),
    woth: bit(0o002),
    xoth: bit(0o001),
    isuid: bit(0o4000),
    isgid: bit(0o2000),
    readable: stat.readable,
    writeable: stat.writable,
    executable: stat.executable,
    ...(stat.checksum === null ? {} : { checksum: stat.checksum }),
    ...(stat.linkTarget === null ? {} : { lnk_target: stat.linkTarget, lnk_source: stat.realPath }),
  }
}
