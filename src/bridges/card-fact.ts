import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import { lines } from '../facts/text.ts'
import type { Command } from '../model/command.ts'
import { defined } from '../util/defined.ts'
import { sh } from '../util/sh.ts'
import type { ConfigFile } from './bridge-plan.ts'
import type { NetworkManagerConfig } from './network-manager.ts'
import type { NetworkdConfig } from './networkd.ts'

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

/** Prints a line `path content` for each file, both in base64. */
const print = (files: Command) =>
  sh`for f in ${files}; do [ ! -f "$f" ] || printf '%s %s\n' "$(printf %s "$f" | base64 -w0)" "$(base64 -w0 "$f")"; done`

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
      profile: sh`nmcli -t -g GENERAL.STATE,GENERAL.CON-UUID device show ${card}`,
      profiles: sh`u=$(nmcli -g GENERAL.CON-UUID device show ${card}) && [ -n "$u" ] && f=$(nmcli -t -e no -f UUID,FILENAME connection show | sed -n "s/^$u://p") && ${print(sh`"$f"`)}`,
      networkd: sh`systemctl is-active --quiet systemd-networkd && networkctl --no-pager --full status ${card}`,
      network: sh`f=$(networkctl --no-pager --full status ${card} | sed -n 's/^ *Network File: //p') && ${print(sh`"$f" "/etc/systemd/network/\${f##*/}.d"/*.conf "/run/systemd/network/\${f##*/}.d"/*.conf "/usr/lib/systemd/network/\${f##*/}.d"/*.conf`)}`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const [mac, type, ...marks] = lines(section('card'))
    const [file, ...dropIns] = files(section('network'))
    const iaid = /Client ID: IAID:(0x[0-9a-f]{1,8})\//.exec(section('networkd'))?.[1]
    const [state = '', uuid = ''] = lines(section('profile'))
    const [profile] = files(section('profiles'))
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
        state.startsWith('100') && /^[0-9a-f-]{36}$/.test(uuid)
          ? { uuid, ...defined({ file: profile }) }
          : undefined,
      networkd: file === undefined ? undefined : { file, dropIns, ...defined({ iaid }) },
    }
  },
})

function files(section: string): ConfigFile[] {
  return lines(section).flatMap((line) => {
    const [path = '', text = ''] = line.split(' ').map((word) => Buffer.from(word, 'base64').toString())
    return path.startsWith('/') ? [{ path, text }] : []
  })
}
