import {
  addressRanges,
  bridgeMac,
  type NamedReservation,
  networkUuid,
  type Reservation,
} from '../identity.ts'
import { formatAddress, netmask, parseAddress, prefixOf, type Subnet, subnetOf } from '../ipv4.ts'
import { type NetworkMetadata, networkMetadataXml, readNetworkMetadata } from './metadata.ts'
import { attribute, buildXml, child, children, parseXml, textOf, type XmlElement } from './xml.ts'

export type NetworkSpec = {
  readonly name: string
  readonly metadata: NetworkMetadata
  /** The bridge on the host: made by libvirt, or for mode `bridge` there already. */
  readonly bridge: string
} & (
  | {
      readonly mode: 'nat' | 'isolated' | 'routed'
      readonly subnet: Subnet
      readonly reservations: readonly NamedReservation[]
    }
  | { readonly mode: 'bridge' }
)

/** libvirt's XML for a network of guests. Source: libvirt.org/formatnetwork.html. */
export function networkXml(spec: NetworkSpec): string {
  const { name, metadata, bridge } = spec
  const own = { name, uuid: networkUuid(metadata.lab, name), metadata: networkMetadataXml(metadata) }
  if (spec.mode === 'bridge')
    return buildXml({ network: { ...own, forward: { '@mode': 'bridge' }, bridge: { '@name': bridge } } })
  const ranges = addressRanges(spec.subnet)
  const range = { '@start': formatAddress(ranges.dynamicFrom), '@end': formatAddress(ranges.dynamicTo) }
  return buildXml({
    network: {
      ...own,
      ...(spec.mode === 'isolated' ? {} : { forward: { '@mode': spec.mode === 'nat' ? 'nat' : 'route' } }),
      // No forwarding delay: a guest's first DHCP request must not be lost.
      bridge: { '@name': bridge, '@stp': 'off', '@delay': '0' },
      mac: { '@address': bridgeMac(metadata.lab, name) },
      ip: {
        '@address': formatAddress(ranges.gateway),
        '@netmask': netmask(spec.subnet),
        dhcp: {
          range,
          ...(spec.reservations.length === 0 ? {} : { host: spec.reservations.map(hostElement) }),
        },
      },
    },
  })
}

/** `<host>` of `virsh net-update … ip-dhcp-host`, on one line. */
export function reservationXml(reservation: NamedReservation): string {
  return buildXml({ host: hostElement(reservation) }).trim()
}

function hostElement({ mac, name, address }: NamedReservation): XmlElement {
  return { '@mac': mac, '@name': name, '@ip': address }
}

/** A network as libvirt knows it. */
export interface NetworkState {
  readonly name: string
  readonly uuid: string
  readonly active: boolean
  readonly autostart: boolean
  readonly bridge?: string
  readonly subnets: readonly Subnet[]
  readonly reservations: readonly Reservation[]
  readonly leases: readonly Reservation[]
  /** Undefined: not hvlab's. */
  readonly metadata?: NetworkMetadata
}

/** From `virsh net-info`, `net-dumpxml` and `net-dhcp-leases`, printed one after the other. */
export function parseNetworkState(text: string): NetworkState | undefined {
  const from = text.indexOf('<network')
  const to = text.indexOf('</network>')
  const network = from < 0 || to < 0 ? undefined : parseXml(text.slice(from, to + 10), 'network')
  if (!network) return undefined
  const info = text.slice(0, from)
  const bridge = attribute(child(network, 'bridge'), 'name')
  const metadata = readNetworkMetadata(network)
  return {
    name: textOf(network, 'name'),
    uuid: textOf(network, 'uuid'),
    active: /^Active:\s+yes$/m.test(info),
    autostart: /^Autostart:\s+yes$/m.test(info),
    ...(bridge === undefined ? {} : { bridge }),
    subnets: children(network, 'ip').flatMap((ip) => subnetFrom(ip) ?? []),
    reservations: children(network, 'ip')
      .flatMap((ip) => children(child(ip, 'dhcp'), 'host'))
      .map((host) => ({ mac: attribute(host, 'mac') ?? '', address: attribute(host, 'ip') ?? '' })),
    leases: leasesIn(text.slice(to)),
    ...(metadata ? { metadata } : {}),
  }
}

function subnetFrom(ip: Parameters<typeof attribute>[0]): Subnet | undefined {
  const address = parseAddress(attribute(ip, 'address') ?? '')
  const mask = parseAddress(attribute(ip, 'netmask') ?? '')
  const prefix = mask === undefined ? Number(attribute(ip, 'prefix') ?? Number.NaN) : prefixOf(mask)
  if (address === undefined || prefix === undefined || !(prefix >= 0 && prefix <= 32)) return undefined
  return subnetOf(address, prefix)
}

/** Rows of `net-dhcp-leases`: ` 2026-01-01 10:00:00   52:54:00:…   ipv4   192.168.122.20/24   name   id`. */
function leasesIn(table: string): Reservation[] {
  return [...table.matchAll(/\s((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\s+ipv4\s+([0-9.]+)\/\d+/g)].map((row) => ({
    mac: row[1] ?? '',
    address: row[2] ?? '',
  }))
}
