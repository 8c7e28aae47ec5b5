import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostAccess } from '../../model/host-access.ts'
import { sh } from '../../util/sh.ts'
import { imageFiles, type Manifest } from '../manifest.ts'
import { compressionLevel } from '../relay/relay-key.ts'
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

/** What is sent for a piece, and its SHA-256. */
export interface PieceContent {
  readonly bytes: Uint8Array
  readonly sha256: string
  readonly isCompressed: boolean
}

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
  /** Of compressed pieces, by name. */
  readonly #sha256 = new Map<string, string>()

  constructor(controller: HostAccess, manifest: Manifest, folder: string, pieceMiB: number) {
    this.#controller = controller
    this.#manifest = manifest
    this.#folder = folder
    this.#pieceMiB = pieceMiB
  }

  /** The bytes as they are. */
  async raw(piece: Piece): Promise<PieceContent> {
    const bytes = await this.#read(piece)
    return { bytes, sha256: sha256(bytes), isCompressed: false }
  }

  async #read({ file: name, index, sizeBytes }: Piece): Promise<Uint8Array> {
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
    const { sha256: compressed } = await this.compressed(piece)
    return { raw: sha256(await this.#read(piece)), compressed }
  }

  async compressed(piece: Piece): Promise<PieceContent> {
    const bytes = await this.#readCompressed(piece)
    const digest = this.#sha256.get(piece.name) ?? sha256(bytes)
    this.#sha256.set(piece.name, digest)
    return { bytes, sha256: digest, isCompressed: true }
  }

  /** Another push that found content wrong may take the cache away in between. */
  async #readCompressed(piece: Piece): Promise<Uint8Array> {
    for (let left = 3; ; left -= 1) {
      try {
        return await readFile(await this.compress(piece))
      } catch (error) {
        if (left === 0 || !isMissing(error)) throw error
      }
    }
  }

  /** A file in the cache of the controller's user. Compressed once, whatever the number of hosts and runs. */
  async compress(piece: Piece): Promise<string> {
    const running = this.#compressing.get(piece.name)
    if (running !== undefined) return await running
    const work = this.#compress(piece)
    this.#compressing.set(piece.name, work)
    try {
      return await work
    } finally {
      this.#compressing.delete(piece.name)
    }
  }

  async #compress({ file, index }: Piece): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#controller.run(sh`(set -e; ${this.#cache(file)}
if [ ! -d "$cache" ]; then
  mkdir -p "$cache"
  find "\${cache%/*}" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf --one-file-system '{}' +
fi
file=$cache/${index}.zst
[ -f "$file" ] || { dd ${`if=${join(this.#folder, file)}`} bs=1M ${`skip=${index * this.#pieceMiB}`} ${`count=${this.#pieceMiB}`} status=none | zstd -q ${compressionLevel} -T1 >"$file.$$.tmp" && mv "$file.$$.tmp" "$file"; }
printf '%s\\n' "$file")`)
    if (exitCode !== 0) throw pushFailed(this.#manifest.name, 'zstd could not compress it', stderr)
    return stdout.trim()
  }

  /** After content that was wrong: it may have been wrong in the cache. */
  async forget(): Promise<void> {
    this.#digests.clear()
    this.#sha256.clear()
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

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
