import { existsSync } from 'node:fs'
import { dirname } from 'node:path'

/** What the operating system says when a file or folder cannot be used; other codes are mistakes of the program. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not; change its owner or mode',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'it exists already',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'there is no such file',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is no folder',
  EPERM: 'this user may not; change its owner or mode',
  EROFS: 'the file system is read-only',
}

const readingCalls = new Set(['open', 'read', 'scandir', 'stat', 'lstat', 'realpath', 'access', 'readlink'])

/** `cannot read /lab/x.yml: there is no such file`, or undefined when it is not about a path of this machine. */
export function systemErrorText(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, syscall, path } = error as NodeJS.ErrnoException
  const reason = reasons[code ?? '']
  if (reason === undefined || path === undefined) return undefined
  const folder = dirname(path)
  if (code === 'ENOENT' && syscall === 'open' && !existsSync(folder))
    return `cannot open ${path}: there is no folder ${folder}`
  const isReading =
    syscall !== undefined && readingCalls.has(syscall) && code !== 'ENOSPC' && code !== 'EROFS'
  return `cannot ${isReading ? 'read' : 'write'} ${path}: ${reason}`
}
