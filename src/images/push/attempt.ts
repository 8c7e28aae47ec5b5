import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pLimit from 'p-limit'
import type { HostAccess } from '../../modules/module.ts'
import { sh } from '../../util/sh.ts'
import { fetchPiece, type Relay, type RelayAccess } from '../relay/relay.ts'
import { type DiskPlaces, isPlain } from '../relay/relay-key.ts'
import { type Job, Swarm } from '../relay/swarm.ts'
import { Arrival } from './arrival.ts'
import { defaultPieceMiB, type Piece, PieceSource, piecesOf } from './pieces.ts'
import type { Push } from './push.ts'
import { isWrong } from './push-failures.ts'
import { PushProgress } from './push-progress.ts'

/** Pieces that travel at the same time, to one host and to all: each is in memory or in the cache. */
const perHost = 2
const limit = pLimit(8)

/** Sources by disk: many hosts ask for the same image at once. */
const sources = new Map<string, PieceSource>()

/** Hosts that get or have the same disk. */
export interface Others {
  readonly relay: Relay
  readonly access: RelayAccess
}

/** One try to bring a host what it lacks of an image. */
export class Attempt {
  readonly #push: Push
  readonly #others: Others | undefined
  readonly #source: PieceSource
  readonly #arrival: Arrival
  readonly #progress: PushProgress
  readonly #pieces: readonly Piece[]
  sentBytes = 0
  arrivedPieces = 0
  relayedPieces = 0

  constructor(push: Push, others: Others | undefined) {
    const { controller, host, manifest, from, store, report, pieceMiB = defaultPieceMiB } = push
    const disk = join(from, 'image.qcow2')
    const { sha256, size } = manifest.files['image.qcow2']
    const id = `${disk} ${sha256} ${pieceMiB}`
    this.#push = push
    this.#others = others
    this.#source = sources.get(id) ?? new PieceSource(controller, manifest, disk, pieceMiB)
    sources.set(id, this.#source)
    this.#arrival = new Arrival(host, store, manifest, pieceMiB, randomBytes(4).toString('hex'))
    this.#progress = new PushProgress(report, `copying image ${manifest.name}`, size)
    this.#pieces = piecesOf(size, pieceMiB)
  }

  async run(onFound: (pieces: number) => void): Promise<void> {
    const { controller, from } = this.#push
    const there = await this.#arrival.open()
    const found = this.#pieces.filter(({ index }) => there.pieces.has(index))
    onFound(found.length)
    this.#progress.found(found)
    const compress = there.hasZstd && (await hasZstd(controller))
    try {
      await this.#getAll(there.pieces, compress)
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
  async #getAll(there: ReadonlySet<number>, compress: boolean): Promise<void> {
    // What others pass on is compressed.
    const others = compress ? this.#others : undefined
    const swarm = others?.relay.swarm ?? new Swarm()
    const name = others?.access.name ?? 'this'
    others?.relay.at(name, this.#places())
    const missing = this.#pieces.map(({ index }) => index).filter((index) => !there.has(index))
    swarm.join(name, there, missing)
    const failures: unknown[] = []
    const work = async (): Promise<void> => {
      while (failures.length === 0) {
        const job = await swarm.next(name)
        const piece = job === undefined ? undefined : this.#pieces[job.piece]
        if (job === undefined || piece === undefined) return
        try {
          swarm.end(name, job, await this.#get(piece, job, compress))
        } catch (error) {
          failures.push(error)
          swarm.end(name, job, 'failed')
        }
      }
    }
    await Promise.all(Array.from({ length: perHost }, work))
    if (failures.length > 0) throw failures[0]
  }

  async #get(piece: Piece, { from }: Job, compress: boolean): Promise<'arrived' | 'unusable'> {
    if (from === undefined) await limit(() => this.#send(piece, compress))
    else if (await this.#fetch(piece, from)) this.relayedPieces += 1
    else return 'unusable'
    this.#progress.arrived(piece)
    this.arrivedPieces += 1
    return 'arrived'
  }

  async #send(piece: Piece, compress: boolean): Promise<void> {
    const content = compress ? await this.#source.compressed(piece) : await this.#source.raw(piece)
    let wire = 0
    await this.#arrival.take(piece, content, (done, total) => {
      this.sentBytes += done - wire
      wire = done
      this.#progress.moved(piece, total === 0 ? 1 : done / total)
    })
  }

  async #fetch(piece: Piece, from: string): Promise<boolean> {
    if (this.#others === undefined || !isPlain(this.#places())) return false
    const { relay, access } = this.#others
    const source = await relay.source(from, access)
    if (source === undefined) return false
    const { privateKey } = await relay.key(access)
    const fetched = fetchPiece(source, privateKey, this.#arrival.relayFolder, piece)
    return await this.#arrival.fetch(piece, await this.#source.digest(piece), fetched)
  }

  #places(): DiskPlaces {
    const { store, manifest } = this.#push
    return { partial: `${this.#arrival.folder}/image.qcow2`, final: `${store}/${manifest.key}/image.qcow2` }
  }
}

async function hasZstd(host: HostAccess): Promise<boolean> {
  return (await host.run(sh`command -v zstd >/dev/null`)).exitCode === 0
}
