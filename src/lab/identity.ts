import { createHash } from 'node:crypto'
import { contains, formatAddress, parseAddress, type Subnet } from './ipv4.ts'

/** Namespace of hvlab's UUIDs (RFC 9562, version 5): itself UUIDv5 of the URL namespace and `urn:hvlab:1`. */
const namespace = uuidBytes('6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'urn:hvlab:1')

/** Domain name on the hypervisor. */
export function domainName(lab: string, guest: string): string {
  return `${lab}-${guest}`
}

/** The same lab and guest always get the same UUID, so that a second run finds what the first one made. */
export function guestUuid(lab: string, guest: string): string {
  return format(uuidBytes(namespace, `guest/${lab}/${guest}`))
}

export function networkUuid(lab: string, network: string): string {
  return format(uuidBytes(namespace, `network/${lab}/${network}`))
}

/** `52:54:00` (QEMU's prefix) and three octets of a hash: known before the domain exists, so DHCP can be told first. */
export function guestMac(lab: string, guest: string): string {
  return macOf(`guest/${lab}/${guest}`)
}

/**
 * The MAC of a guest's interface on a network. The one on its main network is the guest's own; the others follow from
 * the network's name, so that taking one away does not change the rest.
 */
export function interfaceMac(lab: string, guest: string, network: string, main: string): string {
  return network === main ? guestMac(lab, guest) : macOf(`guest/${lab}/${guest}/${network}`)
}

export function bridgeMac(lab: string, network: string): string {
  return macOf(`bridge/${lab}/${network}`)
}

/**
 * Interface names have at most 15 bytes (Linux IFNAMSIZ). A short plain network name stays readable; any other, and
 * one whose bridge exists already, becomes a hash.
 */
export function bridgeName(lab: string, network: string, taken: readonly string[]): string {
  const readable = `hvbr-${network}`
  const names = [
    ...(/^[a-z0-9-]{1,10}$/.test(network) ? [readable] : []),
    ...Array.from(
      { length: 16 },
      (_, attempt) => `hvbr-${digest(`${lab}/${network}/${attempt}`).toString('hex', 0, 5)}`,
    ),
  ]
  return names.find((name) => !taken.includes(name)) ?? readable.slice(0, 15)
}

/** How a subnet is shared out: gateway first, reservations next, the top quarter for guests that nobody announced. */
export interface AddressRanges {
  readonly gateway: number
  readonly reservedFrom: number
  readonly reservedTo: number
  readonly dynamicFrom: number
  readonly dynamicTo: number
}

export function addressRanges(subnet: Subnet): AddressRanges {
  const size = 2 ** (32 - subnet.prefix)
  const dynamicFrom = subnet.base + size - Math.floor(size / 4)
  return {
    gateway: subnet.base + 1,
    reservedFrom: subnet.base + 2,
    reservedTo: dynamicFrom - 1,
    dynamicFrom,
    dynamicTo: subnet.base + size - 2,
  }
}

/** An address that a MAC has on a network. */
export interface Reservation {
  readonly mac: string
  readonly address: string
}

/** An address for a guest, with the name that DHCP gives it. */
export type NamedReservation = Reservation & { readonly name: string }

/**
 * The address of a guest: what is reserved for its MAC already, else one that a hash picks, moved on past addresses
 * that others have. Undefined when the subnet is full.
 */
export function guestAddress(mac: string, subnet: Subnet, taken: readonly Reservation[]): string | undefined {
  const own = taken.find((entry) => entry.mac === mac && contains(subnet, parseAddress(entry.address) ?? 0))
  if (own) return own.address
  const { reservedFrom, reservedTo } = addressRanges(subnet)
  const room = reservedTo - reservedFrom + 1
  const others = new Set(taken.map((entry) => entry.address))
  const start = digest(`address/${mac}`).readUInt32BE(0) % room
  for (let step = 0; step < room; step += 1) {
    const address = formatAddress(reservedFrom + ((start + step) % room))
    if (!others.has(address)) return address
  }
  return undefined
}

function macOf(text: string): string {
  return `52:54:00:${[...digest(text).subarray(0, 3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function uuidBytes(within: string | Buffer, name: string): Buffer {
  const space = typeof within === 'string' ? Buffer.from(within.replaceAll('-', ''), 'hex') : within
  const bytes = createHash('sha1').update(space).update(name).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes
}

function format(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
