import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { HostAccess } from '../../modules/module.ts'
import { sh } from '../../util/sh.ts'
import type { Manifest } from '../manifest.ts'
import { pushFailed } from './push-failures.ts'

/** Disks travel in pieces of this size (uncompressed): each is verified, written and remembered by itself. */
export const defaultPieceMiB = 16

/** A part of the disk, from `index` times the piece size on. */
export interface Piece {
  readonly index: number
  readonly sizeBytes: number
}

export function piecesOf(sizeBytes: number, pieceMiB: number): Piece[] {
  const pieceBytes = pieceMiB * 2 ** 20
  return Array.from({ length: Math.ceil(sizeBytes / pieceBytes) }, (_, index) => ({
    index,
    sizeBytes: Math.min(pieceBytes, sizeBytes - index * pieceBytes),
  }))
}

/** What is sent for a piece: a file in the controller user's cache, or the bytes as they are. */
export type PieceContent = { readonly file: string } | Uint8Array

/** The pieces of one disk on the controller. */
export class PieceSource {
  readonly #controller: HostAccess
  readonly #manifest: Manifest
  readonly #disk: string
  readonly #pieceMiB: number
  readonly #compressing = new Map<number, Promise<string>>()
  readonly #digests = new Map<number, Promise<string>>()

  constructor(controller: HostAccess, manifest: Manifest, disk: string, pieceMiB: number) {
    this.#controller = controller
    this.#manifest = manifest
    this.#disk = disk
    this.#pieceMiB = pieceMiB
  }

  async raw({ index, sizeBytes }: Piece): Promise<Uint8Array> {
    await using file = await open(this.#disk)
    const bytes = new Uint8Array(sizeBytes)
    const { bytesRead } = await file.read(bytes, 0, sizeBytes, index * this.#pieceMiB * 2 ** 20)
    return bytes.subarray(0, bytesRead)
  }

  /** SHA-256 of a piece as it is: what another host passes on is compared with it. */
  digest(piece: Piece): Promise<string> {
    const known = this.#digests.get(piece.index)
    if (known !== undefined) return known
    const digest = this.raw(piece).then((bytes) => createHash('sha256').update(bytes).digest('hex'))
    this.#digests.set(piece.index, digest)
    return digest
  }

  /** Compressed once, whatever the number of hosts and runs. */
  async compressed(piece: Piece): Promise<{ readonly file: string }> {
    const running = this.#compressing.get(piece.index)
    if (running !== undefined) return { file: await running }
    const work = this.#compress(piece)
    this.#compressing.set(piece.index, work)
    try {
      return { file: await work }
    } finally {
      this.#compressing.delete(piece.index)
    }
  }

  /** Level 1: with more, compressing takes longer than a gigabit network saves. */
  async #compress({ index }: Piece): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#controller.run(sh`(set -e; ${this.#cache()}
if [ ! -d "$cache" ]; then
  mkdir -p "$cache"
  find "\${cache%/*}" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf --one-file-system '{}' +
fi
file=$cache/${index}.zst
[ -f "$file" ] || { dd ${`if=${this.#disk}`} bs=1M ${`skip=${index * this.#pieceMiB}`} ${`count=${this.#pieceMiB}`} status=none | zstd -q -1 -T1 >"$file.$$.tmp" && mv "$file.$$.tmp" "$file"; }
printf '%s\\n' "$file")`)
    if (exitCode !== 0) throw pushFailed(this.#manifest.name, 'zstd could not compress it', stderr)
    return stdout.trim()
  }

  /** After content that was wrong: it may have been wrong in the cache. */
  async forget(): Promise<void> {
    await this.#controller.run(sh`(${this.#cache()}
rm -rf --one-file-system "$cache")`)
  }

  #cache() {
    const name = `${this.#manifest.files['image.qcow2'].sha256}.${this.#pieceMiB}`
    return sh`cache="\${XDG_CACHE_HOME:-$HOME/.cache}/hvlab/images/"${name}`
  }
}
