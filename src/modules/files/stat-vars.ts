import type { FileStat } from '../../facts/file-stat.ts'
import type { Vars } from '../../model/value.ts'
import { octal } from './mode.ts'

/** What `stat` and `find` of Ansible say of a path alike, under Ansible's names. */
export function statVars(
  path: string,
  stat: Omit<FileStat, 'realPath' | 'readable' | 'writable' | 'executable'>,
): Vars {
  const bit = (value: number): boolean => (stat.mode & value) !== 0
  return {
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
    ...(stat.checksum === null ? {} : { checksum: stat.checksum }),
  }
}
