import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { list, record, text } from './json.ts'
import { readSections, sections } from './sections.ts'
import { finite, lines } from './text.ts'

export interface Route {
  /** `default` or CIDR; a host route has no `/32`. */
  readonly destination: string
  readonly gateway: string | null
  readonly device: string
  readonly source: string | null
  readonly metric: number
}

/** IPv4 routes of the main table, as `ip` orders them. Without `ip`, from /proc/net/route. */
export const routes = defineFact<[], readonly Route[]>({
  name: 'routes',
  command: () =>
    sections({
      ip: sh`PATH="$PATH:/usr/sbin:/sbin" ip -j -4 route show; ip=$?`,
      proc: sh`[ $ip = 0 ] || cat /proc/net/route`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const found = list(section('ip'))
    return found === null ? fromProc(section('proc')) : found.flatMap(fromIp)
  },
})

/** Source: ip-route(8) with -j, iproute2 ≥ 4.15. */
function fromIp(entry: unknown): Route[] {
  const route = record(entry)
  if (text(route['dev']) === null || text(route['dst']) === null) return []
  return [
    {
      destination: text(route['dst']) ?? '',
      gateway: text(route['gateway']),
      device: text(route['dev']) ?? '',
      source: text(route['prefsrc']),
      metric: typeof route['metric'] === 'number' ? finite(route['metric']) : 0,
    },
  ]
}

/** Source: proc(5) net/route: little-endian hexadecimal addresses. */
function fromProc(table: string): Route[] {
  return lines(table).flatMap((line): Route[] => {
    const [device, target, gateway, , , , metric, mask] = line.split('\t').map((field) => field.trim())
    if (device === undefined || !isHex(target) || !isHex(gateway) || !isHex(mask)) return []
    const bits = Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length
    return [
      {
        destination: bits === 0 ? 'default' : `${dotted(target)}${bits === 32 ? '' : `/${bits}`}`,
        gateway: gateway === '00000000' ? null : dotted(gateway),
        device,
        source: null,
        metric: finite(metric),
      },
    ]
  })
}

const isHex = (field: string | undefined): field is string =>
  field !== undefined && /^[0-9A-F]{8}$/i.test(field)

function dotted(hex: string): string {
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.')
}
