import type { Command } from '../../model/command.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { saysDiskFull } from '../../util/disk-full.ts'
import { sh } from '../../util/sh.ts'
import { defineSha256 } from '../../util/sha256.ts'
import { imageFiles, type Manifest } from '../manifest.ts'
import { closeLinks } from '../relay/link.ts'
import { compressedFolder } from '../relay/relay-key.ts'
import { fileDigests, publish, setTimes } from '../store.ts'
import { storeNotWritable } from '../store-errors.ts'
import type { Piece, PieceContent, PieceDigests } from './pieces.ts'
import { noRoom, pushFailed, ranFull } from './push-failures.ts'

/** What a host has of an image that is on its way to it. */
export interface Arrived {
  /** Names of pieces. */
  readonly pieces: ReadonlySet<string>
  readonly hasZstd: boolean
  /** Whether there is room to keep the pieces as they came, until the image is whole. */
  readonly canKeep: boolean
}

/** The longest that a piece can get by compressing what cannot be compressed (ZSTD_compressBound, and some room). */
const overheadBytes = 2 ** 20
/** Exit code: what arrived is not what was sent. */
const wrongBytes = 9

/**
 * The host's side of a push: a folder in its store, named by the disk's digest, in which the image grows piece by piece. It
 * stays when the push is cut off, and the next one goes on with it. Two pushes at once write the same bytes to the same places.
 */
export class Arrival {
  readonly #host: HostAccess
  readonly #store: string
  readonly #manifest: Manifest
  readonly #pieceMiB: number
  readonly folder: string
  /** Tells the files of this push from those of another one to the same folder. */
  readonly #token: string

  constructor(host: HostAccess, store: string, manifest: Manifest, pieceMiB: number, token: string) {
    this.#host = host
    this.#store = store
    this.#manifest = manifest
    this.#pieceMiB = pieceMiB
    this.#token = token
    this.folder = `${store}/.${manifest.key}.${manifest.files['image.qcow2'].sha256.slice(0, 16)}.${pieceMiB}.push`
  }

  /** Makes the folder, or finds what it holds; removes what older pushes left. Throws when there is no room. */
  async open(): Promise<Arrived> {
    const { name, key } = this.#manifest
    const result =
      await this.#host.run(sh`(umask 022; mkdir -p ${this.#store} && [ -w ${this.#store} ] || exit 13
cd ${this.#store} || exit 13
for old in .${key}.*.push; do [ "$old" = ${this.folder.slice(this.#store.length + 1)} ] || rm -rf --one-file-system "$old"; done
find . -mindepth 1 -maxdepth 1 -name '.*.push' -mtime +7 -exec rm -rf --one-file-system '{}' +
mkdir -p ${this.folder}/done ${this.folder}/${compressedFolder} && cd ${this.folder} && touch ${imageFiles} || exit 13
${closeLinks()}
rm -rf relay-* || exit 13
echo "free $(df -Pk . | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4)"
echo "used $(du -sk . | cut -f 1)"
command -v zstd >/dev/null && echo zstd
ls done | sed 's/^/piece /')`)
    if (result.exitCode !== 0 && saysDiskFull(result.stderr)) throw ranFull(name, this.#store, result.stderr)
    if (result.exitCode !== 0) throw storeNotWritable(this.#store, result.stderr)
    const lines = result.stdout.split('\n').map((line) => line.split(' '))
    const numberOf = (word: string): number => Number(lines.find(([first]) => first === word)?.[1] ?? 0)
    const freeBytes = (numberOf('free') + numberOf('used')) * 1024
    const needBytes = imageFiles.reduce((sum, file) => sum + this.#manifest.files[file].size, 0)
    if (freeBytes < needBytes) throw noRoom(name, this.#store, needBytes, freeBytes)
    return {
      pieces: new Set(lines.flatMap(([word, piece = '']) => (word === 'piece' ? [piece] : []))),
      hasZstd: lines.some(([word]) => word === 'zstd'),
      canKeep: freeBytes >= 2 * needBytes,
    }
  }

  /**
   * Sends a piece. Where the connection breaks, the host sees the end of its input, and other bytes than it should have got.
   *
   * @param keep Also keep it as it came, compressed, to pass it on.
   */
  async take(
    piece: Piece,
    { bytes, sha256, isCompressed }: PieceContent,
    keep: boolean,
    onSent: (doneBytes: number) => void,
  ): Promise<void> {
    const isRight = this.#has(piece, sha256)
    const command = isCompressed
      ? this.#received(piece, sh`cat`, isRight, sh`zstd -dcq`, keep)
      : this.#received(piece, sh`cat`, isRight, sh`cat`, false)
    const { exitCode, stderr } = await this.#host.run({ ...command, stdin: bytes }, { onSent })
    if (exitCode === 0) return
    const why =
      exitCode === wrongBytes
        ? 'a piece did not arrive as it was sent (SHA-256 differs)'
        : 'a piece could not be written'
    throw pushFailed(this.#manifest.name, why, stderr)
  }

  /**
   * Lets the host get a piece by itself. False when it did not get it, or other bytes than it should be. A host that
   * compressed the piece anew may have another zstd than the controller: then what is in it decides.
   *
   * @param fetched Prints the compressed piece.
   */
  async fetch(
    piece: Piece,
    { raw, compressed }: PieceDigests,
    keep: boolean,
    fetched: Command,
  ): Promise<boolean> {
    const source = sh`${fetched} </dev/null | head -c ${piece.sizeBytes + overheadBytes}`
    const isRight = sh`{ ${this.#has(piece, compressed)} || case $(zstd -dcq <${this.#nameOf(piece)} 2>/dev/null | head -c ${piece.sizeBytes} | sha256) in ${raw}*) ;; *) false ;; esac; }`
    const { exitCode } = await this.#host.run(this.#received(piece, source, isRight, sh`zstd -dcq`, keep))
    return exitCode === 0
  }

  /** Where the host keeps its connections to others while the push lasts: relative to `folder`, since sockets have short paths. */
  get relayFolder(): string {
    return `relay-${this.#token}`
  }

  #nameOf({ name }: Piece): string {
    return `piece-${name}.${this.#token}`
  }

  #has(piece: Piece, digest: string): Command {
    return sh`case $(sha256 <${this.#nameOf(piece)}) in ${digest}*) ;; *) false ;; esac`
  }

  /**
   * Receives, verifies and writes a piece, all in one command: to start one costs more than some of the steps. Holes stay holes: only
   * what was verified is ever written, so no other bytes lie where one is to be. Blocks of 64 KiB, as many as a pipe holds: with 1 MiB
   * dd takes twice the processor time.
   */
  #received(piece: Piece, source: Command, isRight: Command, unpack: Command, keep: boolean): Command {
    const name = this.#nameOf(piece)
    const blocks = this.#pieceMiB * 16
    const place = [
      ...[`of=${piece.file}`, 'bs=64K', `seek=${piece.index * blocks}`, `count=${blocks}`],
      ...['conv=notrunc,sparse', 'iflag=fullblock', 'status=none'],
    ]
    const settled = keep ? sh`mv -f ${name} ${compressedFolder}/${piece.name}` : sh`rm -f ${name}`
    return sh`(umask 022; cd ${this.folder} || exit
${defineSha256()}${source} >${name} && ${isRight} || { rm -f ${name}; exit ${wrongBytes}; }
bad=$( { { ${unpack} <${name} || echo bad >&3; } | dd ${place} || echo bad >&3; } 3>&1 )
[ -z "$bad" ] || { rm -f ${name}; exit 1; }
${settled} && : >done/${piece.name})`
  }

  /** Ends the connections to other hosts, so that a push that stops leaves no process. What arrived stays. */
  async endLinks(): Promise<void> {
    await this.#host.run(
      { ...sh`cd ${this.folder} && { ${closeLinks()}; }`, timeoutMs: 10_000 },
      { cleanUp: true },
    )
  }

  /** Takes away what has arrived: a full disk stops guests and whatever else writes there, so the room is given back. */
  async discard(): Promise<void> {
    await this.#host.run(
      sh`(cd ${this.folder} || exit
${closeLinks()}
cd / && rm -rf --one-file-system ${this.folder})`,
      { cleanUp: true },
    )
  }

  /** Everything is there: verified as a whole, then made the image under its key in one step. */
  async finish(manifestFile: string): Promise<void> {
    const { name, key, files } = this.#manifest
    await this.#host.put({ file: manifestFile }, `${this.folder}/manifest.json`, { mode: 0o644 })
    const sized = imageFiles.reduce(
      (all, file) => sh`${all} && truncate -s ${files[file].size} ${file}`,
      sh`cd ${this.folder}`,
    )
    await this.#host.run(sh`(${sized} || exit
${closeLinks()}
rm -rf done ${compressedFolder} relay-* && rm -f piece-*)`)
    const digests = await fileDigests(this.#host, this.folder)
    const wrong = imageFiles.find((file) => digests.get(file) !== files[file].sha256)
    if (wrong !== undefined) {
      // Which of the pieces is wrong cannot be told: the next attempt begins anew.
      await this.#host.run(sh`rm -rf --one-file-system ${this.folder}`)
      const hint = 'Compare the controller’s copy with its manifest: `hvlab image verify`.'
      throw pushFailed(name, `${wrong} did not arrive as it was sent (SHA-256 differs)`, '', hint)
    }
    await setTimes(this.#host, this.folder, this.#manifest)
    const result = await publish(this.#host, this.#store, key, this.folder)
    if (!result.ok) throw pushFailed(name, 'it could not be put in place', result.why)
  }
}
