import { err, ok } from '../util/result.ts'
import { sh } from '../util/sh.ts'
import { type ConfigFile, deleteBridge, type Planned, type WantedBridge } from './bridge-plan.ts'

export interface NetworkManagerConfig {
  /** The active profile of the card. */
  readonly uuid: string
  /** Its file; undefined for one that NetworkManager made up and holds in memory only. */
  readonly file?: ConfigFile
  /** How its DHCP clients introduce themselves, as bytes: `01:52:54:00:12:34:56`. Absent: nobody asks, or it is not told. */
  readonly dhcp: { readonly clientId?: string; readonly iaid?: string; readonly duid?: string }
}

const folder = '/etc/NetworkManager/system-connections'

/**
 * Two profiles: the bridge with the card's IP settings, and the card as its port. The card's own is kept and does not start
 * by itself. Source: nm-settings-keyfile(5).
 *
 * @param uuids of the two profiles
 */
export function networkManagerPlan(
  { bridge, card, mac }: WantedBridge,
  { uuid, file, dhcp }: NetworkManagerConfig,
  uuids: readonly [bridge: string, port: string],
): Planned {
  if (file !== undefined && !file.path.endsWith('.nmconnection'))
    return err(
      `the profile of ${card} is ${file.path}, in the format before keyfiles; \`nmcli connection migrate\` converts it`,
    )
  const sections = file === undefined ? [] : parseKeyfile(file.text)
  const alien = sections.find(({ name }) => !known.has(name))
  if (alien)
    return err(`the profile ${file?.path} has a section [${alien.name}] that a bridge cannot take over`)
  const given = sections.filter(({ name }) => name === 'ipv4' || name === 'ipv6' || name === 'proxy')
  const ip = given.length > 0 ? given : madeUp
  const body = ip.map((section) => sectionText(sameClient(section, dhcp, mac))).join('\n')
  const profile = `${folder}/hvlab-${bridge}.nmconnection`
  const port = `${folder}/hvlab-${bridge}-port.nmconnection`
  return ok({
    service: 'NetworkManager',
    changes: [
      {
        path: profile,
        before: undefined,
        after: `[connection]\nid=hvlab-${bridge}\nuuid=${uuids[0]}\ntype=bridge\ninterface-name=${bridge}\nautoconnect=true\nautoconnect-priority=100\nautoconnect-slaves=1\n${ofTheAddresses(sections)}\n[bridge]\nmac-address=${mac}\nstp=false\nforward-delay=0\n\n${body}`,
      },
      {
        path: port,
        before: undefined,
        after: `[connection]\nid=hvlab-${bridge}-port\nuuid=${uuids[1]}\ntype=ethernet\ninterface-name=${card}\nautoconnect=true\nautoconnect-priority=100\nmaster=${bridge}\nslave-type=bridge\n${ethernetOf(sections)}`,
      },
    ],
    toBridge: {
      before: sh`:`,
      after: sh`nmcli connection reload && nmcli --wait 30 connection up uuid ${uuids[1]} && nmcli --wait 30 connection up uuid ${uuids[0]}`,
    },
    toCard: {
      before: sh`{ nmcli connection down uuid ${uuids[0]} >/dev/null 2>&1 || :; }`,
      after: sh`nmcli connection reload && ${deleteBridge(bridge)} && { nmcli --wait 30 connection up uuid ${uuid} || nmcli --wait 30 device connect ${card}; }`,
    },
    atBoot: sh`:`,
  })
}

/**
 * Sections that a profile of a network card without extras has. `802-1x`, `dcb` and the like are the card's own affair; `.nmmeta` is
 * NetworkManager's, about a profile in memory.
 */
const known = new Set([
  ...['connection', 'ethernet', '802-3-ethernet', 'ipv4', 'ipv6', 'proxy', 'user', 'link', '.nmmeta'],
])

interface Section {
  readonly name: string
  readonly lines: readonly string[]
}

function parseKeyfile(text: string): Section[] {
  const found: { name: string; lines: string[] }[] = []
  for (const line of text.split('\n')) {
    const header = /^\s*\[(.+)\]\s*$/.exec(line)
    if (header?.[1] !== undefined) found.push({ name: header[1], lines: [] })
    else if (line.trim() !== '') found.at(-1)?.lines.push(line)
  }
  return found
}

/** Addresses by DHCP and advertisements, which do not tell the MAC address: what NetworkManager does without a profile. */
const madeUp: readonly Section[] = [
  { name: 'ipv4', lines: ['method=auto'] },
  { name: 'ipv6', lines: ['addr-gen-mode=stable-privacy', 'method=auto'] },
]

/**
 * A client's identity may follow from the name of the device or the UUID of the profile, which are others now. By the MAC address,
 * which is NetworkManager's own choice for IPv4, it stays what it is. Source: nm-settings-nmcli(5).
 */
function sameClient(
  section: Section,
  { clientId, iaid, duid }: NetworkManagerConfig['dhcp'],
  mac: string,
): Section {
  const own =
    section.name === 'ipv4'
      ? { 'dhcp-client-id': clientId === `01:${mac}` ? undefined : clientId }
      : section.name === 'ipv6'
        ? { 'dhcp-iaid': iaid, 'dhcp-duid': duid }
        : {}
  const set = Object.entries(own).filter(([, value]) => value !== undefined)
  return {
    name: section.name,
    lines: [
      ...section.lines.filter((line) => !set.some(([key]) => keyOf(line) === key)),
      ...set.map(([key, value]) => `${key}=${value}`),
    ],
  }
}

const keyOf = (line: string): string => line.replace(/=.*$/, '').trim()

/** Of `[connection]`: what goes with the addresses, such as firewalld's zone. */
const withAddresses = new Set([
  ...['zone', 'metered', 'stable-id', 'mdns', 'llmnr', 'dns-over-tls', 'mptcp-flags', 'secondaries'],
  'gateway-ping-timeout',
])

function ofTheAddresses(sections: readonly Section[]): string {
  const own = sections.find(({ name }) => name === 'connection')?.lines ?? []
  return own.flatMap((line) => (withAddresses.has(keyOf(line)) ? [`${line}\n`] : [])).join('')
}

function sectionText({ name, lines }: Section): string {
  return `[${name}]\n${lines.map((line) => `${line}\n`).join('')}`
}

/** MTU, offloads, speed: what belongs to the card stays with it. */
function ethernetOf(sections: readonly Section[]): string {
  const own = sections.find(({ name }) => name === 'ethernet' || name === '802-3-ethernet')
  return own === undefined || own.lines.length === 0 ? '' : `\n${sectionText({ ...own, name: 'ethernet' })}`
}
