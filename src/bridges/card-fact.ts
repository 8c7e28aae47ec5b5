import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import { lines } from '../facts/text.ts'
import type { Command } from '../model/command.ts'
import { defined } from '../util/defined.ts'
import { sh } from '../util/sh.ts'
import type { ConfigFile } from './bridge-plan.ts'
import type { NetworkManagerConfig } from './network-manager.ts'
import { type DhcpIdentity, dropInFolders, inForce, type NetworkdConfig } from './networkd.ts'

/** A network card of a host, and every description of it that one of the services may have. */
export interface Card {
  /** MAC address in lower case; undefined: there is no such interface. */
  readonly mac: string | undefined
  /** Wired Ethernet as the kernel sees it: what may be a port of a bridge. */
  readonly ethernet: boolean
  readonly wireless: boolean
  /** Bridge, bond or team that it is a port of. */
  readonly master: string | undefined
  /** Interfaces of the host by name. */
  readonly interfaces: readonly string[]
  /** What is an Ethernet card among them: neither bridge nor tap nor loopback. */
  readonly cards: readonly string[]
  /** Files of /etc/netplan; empty where netplan is not installed. */
  readonly netplan: readonly ConfigFile[]
  /** Files of ifupdown; empty where it is not installed. */
  readonly ifupdown: readonly ConfigFile[]
  /** Undefined where NetworkManager does not run, or leaves the card alone. */
  readonly networkManager: NetworkManagerConfig | undefined
  readonly networkd: NetworkdConfig | undefined
}

/** Prints a line `path content` for each file, both in base64. A link to /dev/null is an empty one: it masks. */
const print = (files: Command) =>
  sh`for f in ${files}; do { [ ! -f "$f" ] && [ "$(readlink "$f")" != /dev/null ]; } || printf '%s %s\n' "$(printf %s "$f" | base64 -w0)" "$(base64 -w0 "$f")"; done`

const dropInFiles = dropInFolders.reduce<Command>(
  (all, folder) => sh`${all} ${folder}/"\${f##*/}.d"/*.conf`,
  sh``,
)

/** A card by name, as root: configurations may hold passwords. */
export const cardFact = defineFact<[string], Card>({
  name: 'network-card',
  command: (card) =>
    sections({
      card: sh`cd ${`/sys/class/net/${card}`} && cat address type && { [ ! -e wireless ] || echo wireless; } && { [ ! -e bridge ] || echo bridge; }`,
      master: sh`m=$(readlink ${`/sys/class/net/${card}/master`}) && echo "\${m##*/}"`,
      interfaces: sh`ls /sys/class/net`,
      cards: sh`cd /sys/class/net && for n in *; do [ "$(cat "$n/type")" = 1 ] && [ ! -e "$n/bridge" ] && [ ! -e "$n/tun_flags" ] && [ ! -e "$n/wireless" ] && echo "$n"; done`,
      netplan: sh`command -v netplan >/dev/null && ${print(sh`/etc/netplan/*.yaml`)}`,
      ifupdown: sh`command -v ifup >/dev/null && ${print(sh`/etc/network/interfaces /etc/network/interfaces.d/*`)}`,
      // One after the other in one shell: what is asked once is used by the next.
      profile: sh`p=$(nmcli -t -e no -f GENERAL.STATE,GENERAL.CON-UUID,DHCP4,DHCP6 device show ${card}) && printf '%s\n' "$p"`,
      profiles: sh`u=$(printf '%s\n' "$p" | sed -n 's/^GENERAL.CON-UUID://p') && [ -n "$u" ] && f=$(nmcli -t -e no -f UUID,FILENAME connection show | sed -n "s/^$u://p") && ${print(sh`"$f"`)}`,
      networkd: sh`systemctl is-active --quiet systemd-networkd && s=$(networkctl --no-pager --full status ${card}) && printf '%s\n' "$s"`,
      network: sh`f=$(printf '%s\n' "$s" | sed -n 's/^ *Network File: //p') && [ -n "$f" ] && ${print(sh`"$f"${dropInFiles}`)}`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const [mac, type, ...marks] = lines(section('card'))
    const [file, ...dropIns] = files(section('network'))
    const profile = lines(section('profile'))
    const state = after(profile, /^GENERAL\.STATE:/)
    const uuid = after(profile, /^GENERAL\.CON-UUID:/)
    const [keyfile] = files(section('profiles'))
    return {
      mac: /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac ?? '') ? mac?.toLowerCase() : undefined,
      ethernet: type === '1' && !marks.includes('bridge'),
      wireless: marks.includes('wireless'),
      master: lines(section('master'))[0],
      interfaces: lines(section('interfaces')),
      cards: lines(section('cards')),
      netplan: files(section('netplan')),
      ifupdown: files(section('ifupdown')),
      networkManager:
        // `100 (connected (externally))`: it looks on while somebody else configures the card.
        state?.startsWith('100') &&
        !state.includes('externally') &&
        uuid !== undefined &&
        /^[0-9a-f-]{36}$/.test(uuid)
          ? { uuid, ...defined({ file: keyfile }), dhcp: leaseOf(profile) }
          : undefined,
      networkd:
        file === undefined
          ? undefined
          : { file, dropIns: inForce(dropIns), dhcp: identitiesIn(section('networkd')) },
    }
  },
})

function files(section: string): ConfigFile[] {
  return lines(section).flatMap((line) => {
    const [path = '', text = ''] = line.split(' ').map((word) => Buffer.from(word, 'base64').toString())
    return path.startsWith('/') ? [{ path, text }] : []
  })
}

function after(all: readonly string[], name: RegExp): string | undefined {
  return all
    .find((line) => name.test(line))
    ?.replace(name, '')
    .trim()
}

/** `DHCP4 Client ID: IAID:0x1f2e3d4c/DUID`, `DHCP6 Client IAID: 0x1f2e3d4c`; a client that is told by its MAC has none. */
function identitiesIn(status: string): DhcpIdentity[] {
  const client = (section: DhcpIdentity['section'], pattern: RegExp): DhcpIdentity[] => {
    const iaid = pattern.exec(status)?.[1]
    return iaid === undefined ? [] : [{ section, iaid }]
  }
  return [
    ...client('DHCPv4', /DHCP4 Client ID: IAID:(0x[0-9a-f]{1,8})\//),
    ...client('DHCPv6', /DHCP6 Client IAID: (0x[0-9a-f]{1,8})\b/),
  ]
}

/** `DHCP4.OPTION[1]:dhcp_client_identifier = 01:52:54:00:12:34:56`, and so on: all in bytes. */
function leaseOf(profile: readonly string[]): NetworkManagerConfig['dhcp'] {
  const option = (family: 4 | 6, name: string) => {
    const value = after(profile, new RegExp(`^DHCP${family}\\.OPTION\\[\\d+\\]:\\s*${name} = `))
    return value !== undefined && /^[0-9a-f]{2}(?::[0-9a-f]{2}){2,129}$/i.test(value)
      ? value.toLowerCase()
      : undefined
  }
  return defined({
    clientId: option(4, 'dhcp_client_identifier'),
    iaid: option(6, 'iaid'),
    duid: option(6, 'dhcp6_client_id'),
  })
}
