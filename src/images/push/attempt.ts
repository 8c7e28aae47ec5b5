import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { HostAccess } from '../../model/host-access.ts'
import { deferred } from '../../util/deferred.ts'
import { limitOf } from '../../util/limit.ts'
import { sh } from '../../util/sh.ts'
import { Link } from '../relay/link.ts'
import type { Relay, RelayAccess } from '../relay/relay.ts'
import { type ImagePlaces, isPlain } from '../relay/relay-key.ts'
import { type Job, Swarm } from '../relay/swarm.ts'
import { Arrival } from './arrival.ts'
import { defaultPieceMiB, type Piece, PieceSource, piecesOf } from './pieces.ts'
import type { Push } from './push.ts'
import { isCut, isDiskFull, isWrong, ranFull } from './push-failures.ts'
import { PushProgress } from './push-progress.ts'

/** Pieces that leave the controller at the same time, to one host and to all: each is in memory. */
const sendsPerHost = 2
const sends = limitOf(8)
/** With those that are compressed and those that the host unpacks meanwhile, so that the network never waits for either. */
const perHost = 4

/** Sources by image: many hosts ask for the same one at once. */
const sources = new Map<string, PieceSource>()

/** Hosts that get or have the same image. */
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
  readonly #sends = limitOf(sendsPerHost)
  /** To other hosts, by their names. */
  readonly #links = new Map<string, Promise<Link | undefined>>()
  #canKeep = false
  sentBytes = 0
  arrivedPieces = 0
  relayedPieces = 0

  constructor(push: Push, others: Others | undefined) {
    const { controller, host, manifest, from, store, report, pieceMiB = defaultPieceMiB } = push
    const id = `${from} ${manifest.files['image.qcow2'].sha256} ${pieceMiB}`
    this.#push = push
    this.#others = others
    this.#source = sources.get(id) ?? new PieceSource(controller, manifest, from, pieceMiB)
    sources.set(id, this.#source)
    this.#arrival = new Arrival(host, store, manifest, pieceMiB, randomBytes(4).toString('hex'))
    this.#pieces = piecesOf(manifest.files, pieceMiB)
    const totalBytes = this.#pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    this.#progress = new PushProgress(report, `copying image ${manifest.name}`, totalBytes)
  }

  async run(onFound: (pieces: number) => void): Promise<void> {
    const { controller, from } = this.#push
    const there = await this.#arrival.open()
    const found = this.#pieces.filter(({ name }) => there.pieces.has(name))
    this.#canKeep = there.canKeep
    onFound(found.length)
    this.#progress.found(found)
    const compress = there.hasZstd && (await hasZstd(controller))
    try {
      await this.#getAll(there.pieces, compress)
      this.#progress.checking(`checking image ${this.#push.manifest.name}`)
      await this.#arrival.finish(join(from, 'manifest.json'))
    } catch (error) {
      if (this.#links.size > 0 && !isCut(error)) await this.#arrival.endLinks().catch(() => {})
      if (isDiskFull(error)) {
        await this.#arrival.discard()
        const { manifest, store } = this.#push
        throw ranFull(manifest.name, store, error.failure.details ?? error.failure.message)
      }
      // It may have been wrong in the cache.
      if (isWrong(error)) await this.#source.forget()
      throw error
    }
  }

  /** The first failure ends it; pieces under way are finished first, so that nothing is written behind the caller's back. */
  async #getAll(there: ReadonlySet<string>, compress: boolean): Promise<void> {
    // What others pass on is compressed.
    const others = compress ? this.#others : undefined
    const swarm = others?.relay.swarm ?? new Swarm()
    const name = others?.access.name ?? 'this'
    others?.relay.at(name, this.#places())
    const numbers = [...this.#pieces.keys()]
    const isThere = (number: number) => there.has(this.#pieces[number]?.name ?? '')
    swarm.join(
      name,
      numbers.filter(isThere),
      numbers.filter((number) => !isThere(number)),
    )
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
    if (from === undefined) await this.#send(piece, compress)
    else if (await this.#fetch(piece, from)) this.relayedPieces += 1
    else return 'unusable'
    this.#progress.arrived(piece)
    this.arrivedPieces += 1
    return 'arrived'
  }

  async #send(piece: Piece, compress: boolean): Promise<void> {
    if (compress) await this.#source.compress(piece)
    const { written } = await this.#sends(() => sends(() => this.#handOver(piece, compress)))
    await written
  }

  /** Returns when the last byte was handed to the connection; `written` settles when the host has it in its place. */
  async #handOver(piece: Piece, compress: boolean): Promise<{ readonly written: Promise<void> }> {
    const content = compress ? await this.#source.compressed(piece) : await this.#source.raw(piece)
    const { length } = content.bytes
    const sent = deferred<void>()
    let wire = 0
    const written = this.#arrival.take(piece, content, this.#keeps, (done) => {
      this.sentBytes += done - wire
      wire = done
      this.#others?.relay.swarm.moved()
      this.#progress.moved(piece, done / length)
      if (done === length) sent.resolve()
    })
    written.then(sent.resolve, sent.resolve)
    await sent.promise
    return { written }
  }

  async #fetch(piece: Piece, from: string): Promise<boolean> {
    const opened = this.#links.get(from) ?? this.#link(from)
    this.#links.set(from, opened)
    const link = await opened
    if (link === undefined || !(await link.open())) return false
    const digests = await this.#source.digests(piece)
    return await this.#arrival.fetch(piece, digests, this.#keeps, link.ask(piece.name))
  }

  async #link(from: string): Promise<Link | undefined> {
    const name = String(this.#links.size)
    if (this.#others === undefined || !isPlain(this.#places())) return undefined
    const { relay, access } = this.#others
    const source = await relay.source(from, access)
    if (source === undefined) return undefined
    const { privateKey } = await relay.key(access)
    const { folder, relayFolder: sockets } = this.#arrival
    return new Link({ host: this.#push.host, folder, sockets, name }, source, privateKey)
  }

  /** Whether others may want what comes. */
  get #keeps(): boolean {
    return this.#canKeep && this.#others !== undefined && this.#others.relay.swarm.size > 1
  }

  #places(): ImagePlaces {
    const { store, manifest } = this.#push
    return { partial: this.#arrival.folder, final: `${store}/${manifest.key}` }
  }
}

async function hasZstd(host: HostAccess): Promise<boolean> {
  return (await host.run(sh`command -v zstd >/dev/null`)).exitCode === 0
}
