import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { moduleFailure } from '../failure.ts'

/** A file on the controller that a task copies from. */
export interface ControllerFile {
  readonly file: string
  readonly sha1: string
  readonly sizeBytes: number
  readonly mode: number
}

/** Hashes a file in pieces; it may be larger than memory. */
export async function controllerFile(file: string): Promise<ControllerFile> {
  try {
    const found = await stat(file)
    const hash = createHash('sha1')
    await pipeline(createReadStream(file), hash)
    return { file, sha1: hash.digest('hex'), sizeBytes: found.size, mode: found.mode & 0o7777 }
  } catch (error) {
    throw moduleFailure('file-not-readable', `${file} on the controller cannot be read: ${why(error)}`)
  }
}

export async function isControllerFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    throw moduleFailure('source-missing', `${path} on the controller cannot be read: ${why(error)}`)
  }
}

export interface TreeEntry {
  /** Relative to the root, with slashes. */
  readonly path: string
  readonly kind: 'file' | 'directory'
}

/** Everything below a folder, parents before their content, in the order of names. Links are followed. */
export async function controllerTree(root: string, below = ''): Promise<TreeEntry[]> {
  const names = (await readdir(join(root, below))).sort()
  const entries: TreeEntry[] = []
  for (const name of names) {
    const path = below === '' ? name : `${below}/${name}`
    if (await isControllerFolder(join(root, path))) {
      entries.push({ path, kind: 'directory' }, ...(await controllerTree(root, path)))
    } else entries.push({ path, kind: 'file' })
  }
  return entries
}

function why(error: unknown): string {
  return error instanceof Error
    ? error.message.replace(/^\w+: /, '').replace(/, \w+ '.*$/, '')
    : String(error)
}
