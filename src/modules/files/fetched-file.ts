import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { chmod, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { systemErrorText } from '../../util/system-error.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { temporaryName } from './written-file.ts'

export interface Sums {
  readonly sha1: string
  readonly md5: string
}

interface Fetched {
  readonly src: string
  readonly dest: string
  readonly sizeBytes: number
}

/** What one command brings: 8 MiB of base64, half of what is kept of its output. */
const pieceBytes = 6 * 1024 * 1024

/**
 * Brings a file of a host to the controller, as many bytes as the host said that it has and no more, in pieces: neither its size nor what
 * the host sends instead fills the memory. `accept` throws when it must not take its place.
 */
export async function fetchFile(
  context: ModuleContext,
  fetched: Fetched,
  accept: (sums: Sums) => void,
): Promise<Sums> {
  const { dest } = fetched
  const temporary = temporaryName(dest)
  try {
    await mkdir(dirname(dest), { recursive: true })
    const file = await open(temporary, 'wx', 0o666)
    try {
      const sums = await receive(context, fetched, file)
      accept(sums)
      const old = statSync(dest, { throwIfNoEntry: false })
      if (old !== undefined) await chmod(temporary, old.mode & 0o7777)
      await rename(temporary, dest)
      return sums
    } finally {
      await file.close()
    }
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw asFailure(error)
  }
}

async function receive(context: ModuleContext, { src, sizeBytes }: Fetched, file: FileHandle): Promise<Sums> {
  const [sha1, md5] = [createHash('sha1'), createHash('md5')]
  for (let at = 0; at < sizeBytes; at += pieceBytes) {
    const wanted = Math.min(pieceBytes, sizeBytes - at)
    if (sizeBytes > pieceBytes)
      context.progress({ text: `fetching ${src}`, done: at, total: sizeBytes, unit: 'bytes' })
    const { stdout, stderr } = await context.run(sh`tail -c +${at + 1} <${src} | head -c ${wanted} | base64`)
    const bytes = Buffer.from(stdout, 'base64')
    if (bytes.length !== wanted)
      throw moduleFailure('fetch-failed', `${src} could not be read to its end`, undefined, lastLines(stderr))
    sha1.update(bytes)
    md5.update(bytes)
    await file.write(bytes)
  }
  return { sha1: sha1.digest('hex'), md5: md5.digest('hex') }
}

/** What is at a path of the controller, links followed; null for nothing. */
export function localKind(path: string): 'file' | 'directory' | null {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found === undefined ? null : found.isDirectory() ? 'directory' : 'file'
  } catch (error) {
    throw asFailure(error)
  }
}

export async function localSums(path: string): Promise<Sums> {
  const [sha1, md5] = [createHash('sha1'), createHash('md5')]
  try {
    for await (const chunk of createReadStream(path)) {
      sha1.update(chunk)
      md5.update(chunk)
    }
  } catch (error) {
    throw asFailure(error)
  }
  return { sha1: sha1.digest('hex'), md5: md5.digest('hex') }
}

/** Of this machine's files, in words. */
function asFailure(error: unknown): unknown {
  const said = systemErrorText(error)
  return said === undefined ? error : moduleFailure('fetch-failed', `on the controller: ${said}`)
}
