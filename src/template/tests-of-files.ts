import { existsSync, lstatSync, type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** What Ansible's tests ask of a path on the controller. What cannot be read counts as not there, as in Python. */
export const fileTests: Readonly<Record<string, (path: string) => boolean>> = {
  exists: existsSync,
  file: isFile,
  is_file: isFile,
  directory: isFolder,
  is_dir: isFolder,
  link: isLink,
  is_link: isLink,
  link_exists: (path) => stats(path, lstatSync) !== undefined,
  mount: isMount,
  is_mount: isMount,
}

function isFile(path: string): boolean {
  return stats(path)?.isFile() ?? false
}

function isFolder(path: string): boolean {
  return stats(path)?.isDirectory() ?? false
}

function isLink(path: string): boolean {
  return stats(path, lstatSync)?.isSymbolicLink() ?? false
}

export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [statSync(one), statSync(other)]
  return a.dev === b.dev && a.ino === b.ino
}

function stats(path: string, read: (path: string) => Stats = statSync): Stats | undefined {
  try {
    return read(path)
  } catch {
    return undefined
  }
}

/** Another file system than the folder above, or the root. */
function isMount(path: string): boolean {
  const [own, above] = [stats(path, lstatSync), stats(dirname(resolve(path)))]
  if (own === undefined || above === undefined || own.isSymbolicLink()) return false
  return own.dev !== above.dev || own.ino === above.ino
}
