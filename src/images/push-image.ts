import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../modules/module.ts'
import { sh } from '../util/sh.ts'
import type { BuildReport } from './build-report.ts'
import type { Manifest } from './manifest.ts'
import { Arrival } from './push/arrival.ts'
import { defaultPieceMiB, type Piece, PieceSource, piecesOf } from './push/pieces.ts'
import { PushProgress } from './push/push-progress.ts'
import { lookUp } from './store.ts'

export interface Push {
  readonly controller: HostAccess
  readonly host: HostAccess
  readonly manifest: Manifest
  /** The image's folder on the controller. */
  readonly from: string
  /** The host's store. */
  readonly store: string
  readonly report: BuildReport
  readonly signal?: AbortSignal
  readonly pieceMiB?: number
}

export interface Pushed {
  /** What went over the network for the disk: compressed where both sides can. */
  readonly sentBytes: number
  /** Pieces that an interrupted push had left there already. */
  readonly foundPieces: number
}

/** Pieces that travel at the same time, to one host and to all: each is in memory or in the cache. */
const perHost = 2
const limit = pLimit(8)

/** How often a push goes on by itself after the connection was lost, while nothing arrives in between. */
const maxCuts = 3

/** Sources by disk: many hosts ask for the same image at once. */
const sources = new Map<string, PieceSource>()

/**
 * Copies an image from the controller's store to a host's: in pieces, compressed with zstd where both sides have it, each
 * verified on arrival and written to its place. What arrived stays when the push is cut off; the next one goes on there.
 * The whole is verified by SHA-256 and published in one step.
 */
export async function pushImage(push: Push): Promise<Pushed> {
  const { host, store, manifest, signal } = push
  let sentBytes = 0
  let foundPieces: number | undefined
  let cuts = 0
  let wasWrong = false
  for (;;) {
    const attempt = new Attempt(push)
    try {
      await attempt.run((found) => {
        foundPieces ??= found
      })
      return { sentBytes: sentBytes + attempt.sentBytes, foundPieces: foundPieces ?? 0 }
    } catch (error) {
      sentBytes += attempt.sentBytes
      if (attempt.arrivedPieces > 0) cuts = 0
      if (isCut(error)) {
        cuts += 1
        if (cuts > maxCuts) throw error
        await delay(1000, undefined, signal === undefined ? {} : { signal })
      } else {
        if (!isWrong(error)) throw error
        // Another hvlab may have pushed the same image at the same time, and been faster.
        if ((await lookUp(host, store, manifest.key)).state === 'whole')
          return { sentBytes, foundPieces: foundPieces ?? 0 }
        // What was wrong in the cache or on the host is gone now.
        if (wasWrong) throw error
        wasWrong = true
      }
    }
  }
}

class Attempt {
  readonly #push: Push
  readonly #source: PieceSource
  readonly #arrival: Arrival
  readonly #progress: PushProgress
  sentBytes = 0
  arrivedPieces = 0

  constructor(push: Push) {
    const { controller, host, manifest, from, store, report, pieceMiB = defaultPieceMiB } = push
    const disk = join(from, 'image.qcow2')
    const { sha256, size } = manifest.files['image.qcow2']
    this.#push = push
    this.#source =
      sources.get(`${disk} ${sha256} ${pieceMiB}`) ?? new PieceSource(controller, manifest, disk, pieceMiB)
    sources.set(`${disk} ${sha256} ${pieceMiB}`, this.#source)
    this.#arrival = new Arrival(host, store, manifest, pieceMiB, randomBytes(4).toString('hex'))
    this.#progress = new PushProgress(report, `copying image ${manifest.name}`, size)
  }

  async run(onFound: (pieces: number) => void): Promise<void> {
    const { controller, manifest, from, pieceMiB = defaultPieceMiB } = this.#push
    const there = await this.#arrival.open()
    const all = piecesOf(manifest.files['image.qcow2'].size, pieceMiB)
    const missing = all.filter(({ index }) => !there.pieces.has(index))
    onFound(all.length - missing.length)
    this.#progress.found(all.filter(({ index }) => there.pieces.has(index)))
    const compress = there.hasZstd && (await hasZstd(controller))
    try {
      await this.#sendAll(missing, compress)
      for (const name of ['vmlinuz', 'initrd'] as const)
        await this.#arrival.takeFile(name, join(from, name), there)
      await this.#arrival.finish(join(from, 'manifest.json'))
    } catch (error) {
      // It may have been wrong in the cache.
      if (isWrong(error)) await this.#source.forget()
      throw error
    }
  }

  /** The first failure ends it; pieces under way are finished first, so that nothing is written behind the caller's back. */
  async #sendAll(pieces: readonly Piece[], compress: boolean): Promise<void> {
    const ownLimit = pLimit(perHost)
    let failed = false
    const ends = await Promise.allSettled(
      pieces.map((piece) =>
        ownLimit(() =>
          limit(async () => {
            if (failed) return
            try {
              await this.#send(piece, compress)
            } catch (error) {
              failed = true
              throw error
            }
          }),
        ),
      ),
    )
    const failure = ends.find((end) => end.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  async #send(piece: Piece, compress: boolean): Promise<void> {
    const content = compress ? await this.#source.compressed(piece) : await this.#source.raw(piece)
    let wire = 0
    await this.#arrival.take(piece, content, (done, total) => {
      this.sentBytes += done - wire
      wire = done
      this.#progress.moved(piece, total === 0 ? 1 : done / total)
    })
    this.#progress.arrived(piece)
    this.arrivedPieces += 1
  }
}

/** The host was lost on the way: what it has is kept. */
function isCut(error: unknown): boolean {
  return error instanceof FailureError && error.failure.reason === 'unreachable'
}

/** A piece or the whole is not what was sent, or its folder went away meanwhile. */
function isWrong(error: unknown): boolean {
  const codes = ['image-push-failed', 'file-not-writable']
  return error instanceof FailureError && codes.includes(error.failure.code)
}

async function hasZstd(host: HostAccess): Promise<boolean> {
  return (await host.run(sh`command -v zstd >/dev/null`)).exitCode === 0
}
