import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { type BuildReport, paced } from '../build-report.ts'
import { lockKey } from '../store-lock.ts'
import { fileDigest } from './digest.ts'
import { MirrorError, openMirror } from './mirror.ts'
import { readPartNote, writePartNote } from './part-note.ts'

/** A file of the network that is known by its content. */
export interface Source {
  /** Mirrors in the order in which they are tried. */
  readonly urls: readonly string[]
  /** SHA-256 of the whole file, lower-case hexadecimal. */
  readonly sha256: string
  /** Bytes; a mirror that announces another size is not asked for the content. */
  readonly size?: number | undefined
}

export interface DownloadOptions {
  /** Where downloads are kept, on the controller. */
  readonly folder: string
  readonly signal: AbortSignal
  /** A mirror that sends nothing for this long is left. Default 30 s. */
  readonly stallMs?: number
  /** How a file that was downloaded by hand is given, and what does without it: two sentences, the last without a stop. */
  readonly instead: string
}

type Report = Pick<BuildReport, 'progress' | 'note'>

/** How often one mirror is asked again after it broke off but had sent something. */
const maxBreaks = 5

/**
 * The file's path on the controller, downloaded unless it is there. What was downloaded before an interruption is
 * kept and continued. Several builds at once make one download. Throws `image-download-failed` with what each mirror
 * said.
 */
export async function download(
  controller: HostAccess,
  source: Source,
  options: DownloadOptions,
  report: Report,
): Promise<string> {
  const target = downloadPath(source, options.folder)
  if (await isThere(target, source, options.signal)) return target
  await mkdir(options.folder, { recursive: true })
  const lock = await lockKey(controller, options.folder, source.sha256, report)
  try {
    // Another process may have downloaded it while this one waited.
    if (await isThere(target, source, options.signal)) return target
    await fromMirrors(target, source, options, report)
    return target
  } finally {
    await lock.release()
  }
}

/** Name of a download: the start of its digest, then its own name for people. */
export function downloadPath(source: Source, folder: string): string {
  const name = basename(new URL(source.urls[0] ?? 'file:///image').pathname)
  return join(folder, `${source.sha256.slice(0, 12)}-${name}`)
}

async function isThere(target: string, source: Source, signal: AbortSignal): Promise<boolean> {
  const status = await stat(target).catch(() => undefined)
  if (status === undefined) return false
  const note = await readPartNote(`${target}.json`)
  if (note?.sha256 === source.sha256 && note.size === status.size && note.mtimeMs === status.mtimeMs)
    return true
  if ((await fileDigest(target, signal)) !== source.sha256) return false
  await remember(target, source)
  return true
}

/** So that the next build need not read a gigabyte to know that it is the right one. */
async function remember(target: string, source: Source): Promise<void> {
  const { size, mtimeMs } = await stat(target)
  await writePartNote(`${target}.json`, { sha256: source.sha256, size, mtimeMs })
}

async function fromMirrors(
  target: string,
  source: Source,
  options: DownloadOptions,
  report: Report,
): Promise<void> {
  const refusals: string[] = []
  for (const url of source.urls) {
    const refusal = await fromMirror(url, target, source, options, report)
    if (refusal === undefined) {
      await rename(`${target}.part`, target)
      await rm(`${target}.part.json`, { force: true })
      await remember(target, source)
      return
    }
    refusals.push(`${url}: ${refusal}`)
    report.note(
      'warning',
      `${url}: ${refusal}${source.urls.at(-1) === url ? '' : '; trying the next mirror'}`,
    )
  }
  throw new FailureError({
    reason: 'module',
    code: 'image-download-failed',
    message: `${basename(target).slice(13)} could not be downloaded from any of ${source.urls.length} mirrors`,
    hint: `Check the network, or download the file yourself (SHA-256 ${source.sha256}) and give it: ${options.instead}. What was downloaded so far is kept.`,
    details: refusals.join('\n'),
  })
}

/** Undefined when the whole file is in `TARGET.part`, else why this mirror was left. */
async function fromMirror(
  url: string,
  target: string,
  source: Source,
  options: DownloadOptions,
  report: Report,
): Promise<string | undefined> {
  for (let breaks = 0; ; breaks += 1) {
    const part = await Part.open(`${target}.part`, options.signal)
    const before = part.size
    try {
      await part.receive(url, source, options, report)
      if (part.digest() === source.sha256) return undefined
      const digest = part.digest()
      await part.clear()
      // What an earlier mirror had sent may be what was wrong.
      if (before > 0) continue
      return `it has another file under this name (SHA-256 ${digest})`
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error
      if (part.size <= before || breaks >= maxBreaks) return error.message
    } finally {
      await part.close()
    }
  }
}

/** A file that is being downloaded, with the digest of what it has so far. */
class Part {
  readonly #path: string
  readonly #file: FileHandle
  #hash: Hash
  size: number

  private constructor(path: string, file: FileHandle, hash: Hash, size: number) {
    this.#path = path
    this.#file = file
    this.#hash = hash
    this.size = size
  }

  static async open(path: string, signal: AbortSignal): Promise<Part> {
    const file = await open(path, 'a+')
    const hash = createHash('sha256')
    const { size } = await file.stat()
    for await (const chunk of file.createReadStream({ start: 0, autoClose: false, signal }))
      hash.update(chunk)
    return new Part(path, file, hash, size)
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  async clear(): Promise<void> {
    await this.#file.truncate(0)
    this.#hash = createHash('sha256')
    this.size = 0
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async receive(url: string, source: Source, options: DownloadOptions, report: Report): Promise<void> {
    if (source.size !== undefined && this.size === source.size) return
    if (source.size !== undefined && this.size > source.size) await this.clear()
    const note = await readPartNote(`${this.#path}.json`)
    const validator = note?.url === url ? note.validator : undefined
    const answer = await openMirror(url, { from: this.size, validator, ...options })
    if (answer.from !== this.size) await this.clear()
    if (source.size !== undefined && answer.total !== undefined && answer.total !== source.size) {
      await answer.cancel()
      throw new MirrorError(`it has another file under this name (${answer.total} bytes)`)
    }
    await writePartNote(`${this.#path}.json`, { url, validator: answer.validator })
    const show = paced(report)
    const total = answer.total ?? source.size
    for await (const chunk of answer.chunks) {
      this.#hash.update(chunk)
      await this.#file.appendFile(chunk)
      this.size += chunk.byteLength
      if (source.size !== undefined && this.size > source.size) {
        await this.clear()
        throw new MirrorError(`it sends more than the ${source.size} bytes of the file`)
      }
      const text = `download: ${new URL(url).host}`
      show(total === undefined ? { text } : { text, done: this.size, total, unit: 'bytes' })
    }
    if (answer.total !== undefined && this.size < answer.total) {
      throw new MirrorError(`it broke off after ${this.size} of ${answer.total} bytes`)
    }
  }
}
