import type { Command } from '../model/command.ts'
import { err, ok } from '../util/result.ts'
import { sh } from '../util/sh.ts'
import { type ConfigFile, deleteBridge, type Planned, type WantedBridge } from './bridge-plan.ts'
import { bridgeFolder } from './record.ts'

/**
 * The card's stanzas of /etc/network/interfaces and the files that it takes in become the bridge's. Source: interfaces(5),
 * bridge-utils-interfaces(5) of Debian's bridge-utils, whose hooks make the bridge.
 *
 * @param files those that the card may be described in
 */
export function ifupdownPlan({ bridge, card, mac }: WantedBridge, files: readonly ConfigFile[]): Planned {
  const described = files.filter(({ text }) => stanzas(text).some((stanza) => isOf(stanza, card)))
  const [file, another] = described
  if (file === undefined) return err(`${card} is in none of its files`)
  if (another !== undefined) return err(`${card} is described in ${file.path} and in ${another.path}`)
  const own = stanzas(file.text).filter((stanza) => isOf(stanza, card))
  const named = own.flatMap(({ options }) => options.filter((line) => words(line).slice(1).includes(card)))
  if (named[0] !== undefined)
    return err(
      `${file.path} names ${card} in “${named[0].trim()}”, which may be meant for the card or for its addresses; write $IFACE`,
    )
  if (own.some(({ head }) => /\binherits\b/.test(head)))
    return err(`${card} inherits from another stanza in ${file.path}`)
  const text = rewritten(file.text, card, bridge, mac)
  return ok({
    service: 'ifupdown',
    changes: [{ path: file.path, before: file.text, after: text }],
    toBridge: {
      before: sh`${keepMode(card, bridge)} && ifdown --force ${card}`,
      after: sh`ip addr flush dev ${card} && ${sameClient(card, bridge)} && ifup ${bridge}`,
    },
    toCard: {
      before: sh`${endClients(bridge)}; { ifdown --force ${bridge} || :; }`,
      // Down, so that the card makes its link-local address when it goes up: DHCPv6 and router advertisements need it.
      after: sh`rm -f ${leases(bridge)} && ${deleteBridge(bridge)} && ${giveModeBack(card, bridge)} && ip link set dev ${card} down && ifup ${card}`,
    },
    atBoot: sh`:`,
  })
}

const modeOf = (card: string) => `/proc/sys/net/ipv6/conf/${card}/addr_gen_mode`
const keptMode = (bridge: string) => `${bridgeFolder(bridge)}/addr_gen_mode`

/** bridge-utils takes link-local addresses from a port (`addrgenmode none`) and does not give them back. Nothing to keep without IPv6. */
function keepMode(card: string, bridge: string): Command {
  return sh`{ [ -e ${keptMode(bridge)} ] || [ ! -e ${modeOf(card)} ] || cat ${modeOf(card)} >${keptMode(bridge)}; }`
}

function giveModeBack(card: string, bridge: string): Command {
  return sh`{ [ ! -e ${keptMode(bridge)} ] || cat ${keptMode(bridge)} >${modeOf(card)}; }`
}

/** One that has no answer yet is still waited for by ifup, which holds a lock that ifdown needs, for up to five minutes. */
function endClients(bridge: string): Command {
  const found = [`/run/dhclient.${bridge}.pid`, `/run/dhclient6.${bridge}.pid`].flatMap((file) => [
    '-e',
    file,
  ])
  return sh`for p in $(cd /proc && grep -lsaF ${found} [0-9]*/cmdline); do kill "\${p%/*}" 2>/dev/null; done`
}

/** Of IPv4 and IPv6. ifupdown has one for each device. */
const leases = (device: string): [four: string, six: string] => [
  `/var/lib/dhcp/dhclient.${device}.leases`,
  `/var/lib/dhcp/dhclient6.${device}.leases`,
]

/** dhclient keeps who it is (its DUID) in the file of its leases. Source: dhclient.leases(5). Other clients go by MAC and host. */
function sameClient(card: string, bridge: string): Command {
  const [from, to] = [leases(card), leases(bridge)]
  const carry = (which: 0 | 1) =>
    sh`{ [ ! -f ${from[which]} ] || grep '^default-duid ' ${from[which]} >${to[which]} || :; }`
  return sh`${carry(0)} && ${carry(1)}`
}

interface Stanza {
  /** `iface eth0 inet static`; continued lines are joined. */
  readonly head: string
  readonly options: readonly string[]
}

const starts =
  /^\s*(?:auto|allow-\S+|no-auto-down|no-scripts|iface|mapping|source|source-directory|rename|template)\b/

function stanzas(text: string): Stanza[] {
  const found: { head: string; options: string[] }[] = []
  for (const line of text.replace(/\\\n/g, ' ').split('\n')) {
    if (/^\s*(?:#|$)/.test(line)) continue
    if (starts.test(line)) found.push({ head: line, options: [] })
    else found.at(-1)?.options.push(line)
  }
  return found
}

function isOf({ head }: Stanza, card: string): boolean {
  const [kind, name] = words(head)
  return kind === 'iface' && name === card
}

/** Lines stay where they are; the first `iface` of the bridge brings its port. It starts at boot when the card did. */
function rewritten(text: string, card: string, bridge: string, mac: string): string {
  const isStart = (kind: string) => kind === 'auto' || kind.startsWith('allow-')
  const lines = text.split('\n').map((line) => ({ line, parts: words(line) }))
  const starts = lines.some(({ parts: [kind = '', ...names] }) => isStart(kind) && names.includes(card))
  let first = true
  return lines
    .flatMap(({ line, parts: [kind = '', ...rest] }): string[] => {
      if (isStart(kind) && rest.includes(card)) {
        const others = rest.filter((word) => word !== card)
        return others.length > 0 ? [`${kind} ${others.join(' ')}`] : []
      }
      if (kind !== 'iface' || rest[0] !== card) return [line]
      const head = `iface ${[bridge, ...rest.slice(1)].join(' ')}`
      if (!first) return [head]
      first = false
      const port = [`bridge_ports ${card}`, `bridge_hw ${mac}`, 'bridge_stp off', 'bridge_fd 0']
      return [
        `iface ${card} inet manual`,
        '',
        ...(starts ? [`auto ${bridge}`] : []),
        [head, ...port].join('\n    '),
      ]
    })
    .join('\n')
}

function words(line: string): string[] {
  return line.trim().split(/\s+/)
}
