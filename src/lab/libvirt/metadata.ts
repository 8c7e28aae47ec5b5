import { parseAddress } from '../ipv4.ts'
import { attribute, buildXml, child, textOf, type XmlElement } from './xml.ts'

/** Whoever has an element of this namespace in its metadata was made by hvlab; everything else is never touched. */
const namespace = 'urn:hvlab:1'
const prefix = 'hvlab'

/** What a domain remembers about its making. There is no other record: status, re-apply and down read this. */
export interface GuestMetadata {
  readonly lab: string
  readonly guest: string
  /** Run that made it, and when (ISO 8601, UTC). */
  readonly run: string
  readonly created: string
  readonly image: string
  readonly imageKey: string
  readonly network: string
  readonly address: string
  readonly accelerator: 'kvm' | 'tcg'
  readonly acceleratorReason: string
  readonly user: string
  /** `ssh-ed25519 AAAA…`: put there by the seed, so that the first login is verified already. */
  readonly hostKey: string
  /** The parameters it was made from, as JSON: compared with what is wanted now. */
  readonly config: string
}

export interface NetworkMetadata {
  readonly lab: string
  readonly run: string
  readonly created: string
  /** The parameters it was made from, as JSON; the subnet in it is the wanted one, not the one chosen. */
  readonly config: string
}

/** Content of a domain's `<metadata>`. */
export function guestMetadataXml(data: GuestMetadata): XmlElement {
  return {
    [`${prefix}:guest`]: {
      [`@xmlns:${prefix}`]: namespace,
      '@lab': data.lab,
      '@name': data.guest,
      '@run': data.run,
      '@created': data.created,
      [`${prefix}:image`]: { '@name': data.image, '@key': data.imageKey },
      [`${prefix}:network`]: { '@name': data.network, '@address': data.address },
      [`${prefix}:accelerator`]: { '@type': data.accelerator, '@reason': data.acceleratorReason },
      [`${prefix}:login`]: { '@user': data.user, '@hostkey': data.hostKey },
      [`${prefix}:config`]: data.config,
    },
  }
}

/** The same for `virsh metadata --set`, which brings the namespace itself. */
export function liveMetadataXml(data: GuestMetadata): string {
  const own = guestMetadataXml(data)[`${prefix}:guest`] as XmlElement
  const bare = Object.entries(own)
    .filter(([name]) => !name.startsWith('@xmlns:'))
    .map(([name, value]) => [name.replace(`${prefix}:`, ''), value])
  return buildXml({ guest: Object.fromEntries(bare) })
}

/** Content of a network's `<metadata>`. */
export function networkMetadataXml(data: NetworkMetadata): XmlElement {
  return {
    [`${prefix}:network`]: {
      [`@xmlns:${prefix}`]: namespace,
      '@lab': data.lab,
      '@run': data.run,
      '@created': data.created,
      [`${prefix}:config`]: data.config,
    },
  }
}

/** What a domain's metadata says of its making: nothing, all, or not what hvlab writes. */
export interface ReadMetadata {
  readonly metadata?: GuestMetadata
  /** Fields that somebody changed into what hvlab never writes. */
  readonly damaged?: readonly string[]
}

/**
 * Reads a `<domain>`'s metadata; empty when the domain is not hvlab's. What is in it becomes host names, addresses
 * and options of ssh, so each field must look as hvlab writes it; otherwise the domain counts as somebody else's.
 */
export function readGuestMetadata(domain: XmlElement): ReadMetadata {
  const found = ownElement(child(domain, 'metadata'), 'guest')
  if (!found) return {}
  const { element, name } = found
  const of = (childName: string, key: string) => attribute(child(element, name(childName)), key) ?? ''
  const data: GuestMetadata = {
    lab: attribute(element, 'lab') ?? '',
    guest: attribute(element, 'name') ?? '',
    run: attribute(element, 'run') ?? '',
    created: attribute(element, 'created') ?? '',
    image: of('image', 'name'),
    imageKey: of('image', 'key'),
    network: of('network', 'name'),
    address: of('network', 'address'),
    accelerator: of('accelerator', 'type') === 'kvm' ? 'kvm' : 'tcg',
    acceleratorReason: of('accelerator', 'reason'),
    user: of('login', 'user'),
    hostKey: of('login', 'hostkey'),
    config: textOf(element, name('config')),
  }
  const damaged = malformed(data)
  return damaged.length === 0 ? { metadata: data } : { damaged }
}

const word = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Names of the fields that are not as hvlab writes them, in the words of messages. */
function malformed(data: GuestMetadata): string[] {
  const isRight: Readonly<Record<string, boolean>> = {
    lab: word.test(data.lab),
    name: word.test(data.guest),
    image: word.test(data.image),
    network: word.test(data.network),
    address: parseAddress(data.address) !== undefined,
    user: /^[a-z_][a-z0-9_-]{0,31}$/.test(data.user),
    'host key': /^ssh-[a-z0-9]+ [A-Za-z0-9+/=]+$/.test(data.hostKey),
  }
  return Object.keys(isRight).filter((name) => !isRight[name])
}

/** Reads a `<network>`'s metadata; undefined when the network is not hvlab's. */
export function readNetworkMetadata(network: XmlElement): NetworkMetadata | undefined {
  const found = ownElement(child(network, 'metadata'), 'network')
  if (!found) return undefined
  return {
    lab: attribute(found.element, 'lab') ?? '',
    run: attribute(found.element, 'run') ?? '',
    created: attribute(found.element, 'created') ?? '',
    config: textOf(found.element, found.name('config')),
  }
}

/**
 * The element of our namespace, whatever prefix libvirt or an editor gave it. Only the declared namespace counts:
 * another tool may use the prefix `hvlab` for its own.
 */
function ownElement(
  metadata: XmlElement | undefined,
  localName: string,
): { element: XmlElement; name: (local: string) => string } | undefined {
  for (const key of Object.keys(metadata ?? {})) {
    const [space, local] = key.includes(':') ? key.split(':', 2) : ['', key]
    const element = child(metadata, key)
    const declared = attribute(element, space ? `xmlns:${space}` : 'xmlns')
    if (element && local === localName && declared === namespace)
      return { element, name: (inner) => (space ? `${space}:${inner}` : inner) }
  }
  return undefined
}
