import type { HostAccess } from '../../model/host-access.ts'
import { imageFiles, type Manifest } from '../manifest.ts'
import { admit, dismiss, type ImagePlaces, isPlain } from './relay-key.ts'
import { Swarm } from './swarm.ts'

/** How one host logs in to another. */
export interface RelayLogin {
  readonly address: string
  readonly port: number
  readonly user: string
}

/** What a push must be able to reach, besides its host, so that hosts can pass pieces on. */
export interface RelayAccess {
  /** Name of the host in the inventory. */
  readonly name: string
  /** A host as the user who logs in there, without becoming another. */
  peer(name: string): HostAccess
  /** Undefined for hosts that others cannot log in to: this machine, and those behind a jump host. */
  login(name: string): Promise<RelayLogin | undefined>
  newKey(): Promise<{ readonly privateKey: string; readonly publicKey: string }>
}

/** What a host needs to get pieces from another one. */
export interface RelaySource {
  readonly login: RelayLogin
  readonly hostKeys: readonly string[]
}

/** All pushes of one image in this process: hosts that get it, hosts that have it, and the key with which they meet. */
export class Relay {
  readonly swarm = new Swarm()
  readonly #pieceMiB: number
  readonly #places = new Map<string, ImagePlaces>()
  readonly #sources = new Map<string, Promise<RelaySource | undefined>>()
  #key: ReturnType<RelayAccess['newKey']> | undefined
  #pushes = 0

  constructor(pieceMiB: number) {
    this.#pieceMiB = pieceMiB
  }

  /** A host that has the image, or gets it now. */
  at(name: string, places: ImagePlaces): void {
    this.#places.set(name, places)
  }

  begin(): void {
    this.#pushes += 1
  }

  /** The last push takes the key away everywhere. */
  async end(access: RelayAccess): Promise<void> {
    this.#pushes -= 1
    if (this.#pushes > 0 || this.#key === undefined) return
    const { publicKey } = await this.#key
    this.#key = undefined
    const names = [...this.#sources.keys()]
    this.#sources.clear()
    // On a host that is lost the key stays; it opens nothing but pieces of the image, and its line expires.
    await Promise.all(names.map((name) => dismiss(access.peer(name), publicKey).catch(() => {})))
  }

  key(access: RelayAccess): ReturnType<RelayAccess['newKey']> {
    this.#key ??= access.newKey()
    return this.#key
  }

  /** Opens a host for the key, once. Undefined when nothing can be got from it. */
  source(name: string, access: RelayAccess): Promise<RelaySource | undefined> {
    const known = this.#sources.get(name)
    if (known !== undefined) return known
    // A host that cannot be opened is no failure of this push: the piece comes from elsewhere.
    const opened = this.#open(name, access).catch(() => undefined)
    this.#sources.set(name, opened)
    return opened
  }

  async #open(name: string, access: RelayAccess): Promise<RelaySource | undefined> {
    const places = this.#places.get(name)
    const login = await access.login(name)
    if (places === undefined || !isPlain(places) || login === undefined) return undefined
    const { publicKey } = await this.key(access)
    const hostKeys = await admit(access.peer(name), publicKey, places, this.#pieceMiB)
    return hostKeys === undefined ? undefined : { login, hostKeys }
  }
}

/** Relays by image, for the life of this process. */
const relays = new Map<string, Relay>()

export function relayOf({ key, files }: Manifest, pieceMiB: number): Relay {
  const id = `${key}.${imageFiles.map((file) => files[file].sha256).join('.')}.${pieceMiB}`
  const relay = relays.get(id) ?? new Relay(pieceMiB)
  relays.set(id, relay)
  return relay
}
