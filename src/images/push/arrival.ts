import type { Command } from '../../model/command.ts'
import type { HostAccess } from '../../modules/module.ts'
import { sh } from '../../util/sh.ts'
import { imageFiles, type Manifest } from '../manifest.ts'
import { fileDigests, publish, setTimes } from '../store.ts'
import { storeNotWritable } from '../store-errors.ts'
import type { Piece, PieceContent } from './pieces.ts'
import { noRoom, pushFailed } from './push-failures.ts'

/** What a host has of an image that is on its way to it. */
export interface Arrived {
  readonly pieces: ReadonlySet<number>
  /** SHA-256 of small files that are there already, by name. */
  readonly digests: ReadonlyMap<string, string>
  readonly hasZstd: boolean
}

/**
 * The host's side of a push: a folder in its store, named by the disk's digest, in which the disk grows piece by piece. It
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
mkdir -p ${this.folder}/done && cd ${this.folder} && rm -rf relay-* && : >>image.qcow2 || exit 13
echo "free $(df -Pk . | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4)"
echo "used $(du -sk . | cut -f 1)"
command -v zstd >/dev/null && echo zstd
ls done | sed 's/^/piece /'
sha256sum vmlinuz initrd 2>/dev/null | sed 's/^/digest /'
:)`)
    if (result.exitCode !== 0) throw storeNotWritable(this.#store, result.stderr)
    const lines = result.stdout.split('\n').map((line) => line.split(' '))
    const numberOf = (word: string): number => Number(lines.find(([first]) => first === word)?.[1] ?? 0)
    const freeBytes = (numberOf('free') + numberOf('used')) * 1024
    const needBytes = imageFiles.reduce((sum, file) => sum + this.#manifest.files[file].size, 0)
    if (freeBytes < needBytes) throw noRoom(name, this.#store, needBytes, freeBytes)
    const pieces = lines.flatMap(([word, index = '']) =>
      word === 'piece' && /^\d{1,7}$/.test(index) ? [Number(index)] : [],
    )
    const digests = lines.flatMap(([word, digest = '', , file = '']) =>
      word === 'digest' ? [[file, digest] as const] : [],
    )
    return {
      pieces: new Set(pieces),
      digests: new Map(digests),
      hasZstd: lines.some(([word]) => word === 'zstd'),
    }
  }

  /** Sends a piece (its SHA-256 is checked on the host) and writes it to its place. */
  async take(
    piece: Piece,
    content: PieceContent,
    onProgress: (doneBytes: number, totalBytes: number) => void,
  ): Promise<void> {
    const name = this.#nameOf(piece)
    await this.#host.put(content, `${this.folder}/${name}`, { mode: 0o644, onProgress })
    const { exitCode, stderr } = await this.#host.run(sh`(cd ${this.folder} || exit
${this.#written(piece, content instanceof Uint8Array ? sh`cat` : sh`zstd -dcq`)})`)
    if (exitCode !== 0) throw pushFailed(this.#manifest.name, 'a piece could not be written', stderr)
  }

  /** Lets the host get a piece by itself. False when it did not get it, or other bytes than it should be. */
  async fetch(piece: Piece, digest: string, fetched: Command): Promise<boolean> {
    const name = this.#nameOf(piece)
    const { exitCode } = await this.#host.run(sh`(cd ${this.folder} || exit
${fetched} >${name}
[ "$(sha256sum <${name})" = ${`${digest}  -`} ] || { rm -f ${name}; exit 9; }
${this.#written(piece, sh`cat`)})`)
    return exitCode === 0
  }

  /** Where the host keeps what it needs to get pieces from others, while the push lasts. */
  get relayFolder(): string {
    return `${this.folder}/relay-${this.#token}`
  }

  #nameOf({ index }: Piece): string {
    return `piece-${index}.${this.#token}`
  }

  /** Holes stay holes: only what was verified is ever written, so no other bytes lie where one is to be. */
  #written(piece: Piece, unpack: Command): Command {
    const name = this.#nameOf(piece)
    const place = [
      ...[`seek=${piece.index * this.#pieceMiB}`, 'conv=notrunc,sparse'],
      ...['iflag=fullblock', 'status=none'],
    ]
    return sh`bad=$( { { ${unpack} <${name} || echo bad >&3; } | dd of=image.qcow2 bs=1M ${place} || echo bad >&3; } 3>&1 )
rm -f ${name}
[ -z "$bad" ] && : >done/${piece.index}`
  }

  /** A small file, unless it is there. */
  async takeFile(name: 'vmlinuz' | 'initrd', file: string, { digests }: Arrived): Promise<void> {
    if (digests.get(name) === this.#manifest.files[name].sha256) return
    await this.#host.put({ file }, `${this.folder}/${name}`, { mode: 0o644 })
  }

  /** Everything is there: verified as a whole, then made the image under its key in one step. */
  async finish(manifestFile: string): Promise<void> {
    const { name, key, files } = this.#manifest
    await this.#host.put({ file: manifestFile }, `${this.folder}/manifest.json`, { mode: 0o644 })
    await this.#host.run(
      sh`(cd ${this.folder} && truncate -s ${files['image.qcow2'].size} image.qcow2 && rm -rf done relay-* && rm -f piece-*)`,
    )
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
