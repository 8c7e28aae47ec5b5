import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { list, record, text } from './json.ts'
import { finite } from './text.ts'

export interface NetworkInterface {
  readonly name: string
  readonly mac: string | null
  readonly mtu: number
  readonly up: boolean
  readonly loopback: boolean
  /** `bridge`, `veth`, `tun` …; null for a plain device. */
  readonly kind: string | null
  readonly addresses: readonly {
    readonly family: 'inet' | 'inet6'
    readonly address: string
    readonly prefixLength: number
    readonly scope: string
    readonly broadcast: string | null
  }[]
}

/** Interfaces with their addresses; null when the host has no `ip` that prints JSON. Source: ip-address(8). */
export const addresses = defineFact<[], readonly NetworkInterface[] | null>({
  name: 'addresses',
  command: () => sh`PATH="$PATH:/usr/sbin:/sbin" ip -j -d addr show`,
  parse: ({ stdout }) => list(stdout)?.flatMap(oneInterface) ?? null,
})

function oneInterface(entry: unknown): NetworkInterface[] {
  const link = record(entry)
  const name = text(link['ifname'])
  if (name === null) return []
  const flags = Array.isArray(link['flags']) ? link['flags'] : []
  const found = Array.isArray(link['addr_info']) ? link['addr_info'].map(record) : []
  return [
    {
      name,
      mac: text(link['address']),
      mtu: finite(link['mtu']),
      up: flags.includes('UP'),
      loopback: link['link_type'] === 'loopback',
      kind: text(record(link['linkinfo'])['info_kind']),
      addresses: found.flatMap((info) => {
        const family = info['family']
        const address = text(info['local'])
        if ((family !== 'inet' && family !== 'inet6') || address === null) return []
        return [
          {
            family,
            address,
            prefixLength: finite(info['prefixlen']),
            scope: text(info['scope']) ?? '',
            broadcast: text(info['broadcast']),
          },
        ]
      }),
    },
  ]
}
