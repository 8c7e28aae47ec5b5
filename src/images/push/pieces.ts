import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostAccess } from '../../modules/module.ts'
import { sh } from '../../util/sh.ts'
import { imageFiles, type Manifest } from '../manifest.ts'
import { pushFailed } from './push-failures.ts'

/** Images travel in pieces of this size (uncompressed): each is verified, written and remembered by itself. */
export const defaultPieceMiB = 16

/** A part of one of an image's files, from `index` times the piece size on. */
export interface Piece {
  /** What hosts call it: `image.qcow2-7`. */
  readonly name: string
  readonly file: (typeof imageFiles)[number]
  readonly index: number
  readonly sizeBytes: number
}

/** All pieces of an image, the disk's first. */
export function piecesOf(files: Manifest['files'], pieceMiB: number): Piece[] {
  const pieceBytes = pieceMiB * 2 ** 20
  return imageFiles.flatMap((file) =>
    Array.from({ length: Math.ceil(files[file].size / pieceBytes) }, (_, index) => ({
      name: `${file}-${index}`,
      file,
      index,
      sizeBytes: Math.min(pieceBytes, files[file].size - index * pieceBytes),
    })),
  )
}

/** What is sent for a piece: a file in the controller user's cache, or the bytes as they are. */
export type PieceContent = { readonly file: string } | Uint8Array

/** SHA-256 of a piece as it is, and as the controller compressed it. */
export interface PieceDigests {
  readonly raw: string
  readonly compressed: string
}

/** The pieces of one image on the controller. */
export class PieceSource {
  readonly #controller: HostAccess
  readonly #manifest: Manifest
  readonly #folder: string
  readonly #pieceMiB: number
  readonly #compressing = new Map<string, Promise<string>>()
  readonly #digests = new Map<string, Promise<PieceDigests>>()

  constructor(controller: HostAccess, manifest: Manifest, folder: string, pieceMiB: number) {
    this.#controller = controller
    this.#manifest = manifest
    this.#folder = folder
    this.#pieceMiB = pieceMiB
  }

  async raw({ file: name, index, sizeBytes }: Piece): Promise<Uint8Array> {
    await using file = await open(join(this.#folder, name))
    const bytes = new Uint8Array(sizeBytes)
    const { bytesRead } = await file.read(bytes, 0, sizeBytes, index * this.#pieceMiB * 2 ** 20)
    return bytes.subarray(0, bytesRead)
  }

  /** What another host passes on is compared with them. */
  digests(piece: Piece): Promise<PieceDigests> {
    const known = this.#digests.get(piece.name)
    if (known !== undefined) return known
    const digests = this.#digestsOf(piece)
    this.#digests.set(piece.name, digests)
    return digests
  }

  async #digestsOf(piece: Piece): Promise<PieceDigests> {
    const { file } = await this.compressed(piece)
    return { raw: sha256(await this.raw(piece)), compressed: sha256(await readFile(file)) }
  }

  /** Compressed once, whatever the number of hosts and runs. */
  async compressed(piece: Piece): Promise<{ readonly file: string }> {
    const running = this.#compressing.get(piece.name)
    if (running !== undefined) return { file: await running }
    const work = this.#compress(piece)
    this.#compressing.set(piece.name, work)
    try {
      return { file: await work }
    } finally {
      this.#compressing.delete(piece.name)
    }
  }

  /** Level 1: with more, compressing takes longer than a gigabit network saves. */
  async #compress({ file, index }: Piece): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#controller.run(sh`(set -e; ${this.#cache(file)}
if [ ! -d "$cache" ]; then
  mkdir -p "$cache"
  find "\${cache%/*}" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf --one-file-system '{}' +
fi
file=$cache/${index}.zst
[ -f "$file" ] || { dd ${`if=${join(this.#folder, file)}`} bs=1M ${`skip=${index * this.#pieceMiB}`} ${`count=${this.#pieceMiB}`} status=none | zstd -q -1 -T1 >"$file.$$.tmp" && mv "$file.$$.tmp" "$file"; }
printf '%s\\n' "$file")`)
    if (exitCode !== 0) throw pushFailed(this.#manifest.name, 'zstd could not compress it', stderr)
    return stdout.trim()
  }

  /** After content that was wrong: it may have been wrong in the cache. */
  async forget(): Promise<void> {
    this.#digests.clear()
    for (const file of imageFiles)
      await this.#controller.run(sh`(${this.#cache(file)}
rm -rf --one-file-system "$cache")`)
  }

  /** By content, so that files that images share, and builds that came out the same, are compressed once. */
  #cache(file: Piece['file']) {
    const name = `${this.#manifest.files[file].sha256}.${this.#pieceMiB}`
    return sh`cache="\${XDG_CACHE_HOME:-$HOME/.cache}/hvlab/images/"${name}`
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
