import { createHash } from 'node:crypto'
import type { Route } from '../facts/routes.ts'
import { formatAddress, formatSubnet, overlaps, parseSubnet, type Subnet } from '../lab/ipv4.ts'
import type { Command } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import { sh } from '../util/sh.ts'
import { labelOf, sandboxFolder } from './label.ts'
import type { FirewallRule, SandboxBridge } from './state.ts'

/** Interface names have at most 15 bytes (Linux IFNAMSIZ). */
export function bridgeNameOf(sandbox: string): string {
  return `hvsb-${createHash('sha256').update(sandbox).digest('hex').slice(0, 8)}`
}

/**
 * A /24 that no route of this machine touches. Not from 192.168: libvirt's default network and those of labs are there,
 * also inside the hosts. Routes shorter than /8 (`default`, the halves that VPNs set) are not in the way.
 */
export function freeSubnet(routes: readonly Pick<Route, 'destination'>[]): Subnet {
  const used = routes.flatMap(({ destination }) => {
    const subnet = parseSubnet(destination.includes('/') ? destination : `${destination}/32`)
    return subnet === undefined || subnet.prefix < 8 ? [] : [subnet]
  })
  const found = candidates().find((subnet) => !used.some((other) => overlaps(other, subnet)))
  if (found !== undefined) return found
  throw new FailureError({
    reason: 'module',
    code: 'no-free-subnet',
    message:
      'Sandbox hosts need a /24, and routes of this machine overlap all of 10.213.0.0/16 and 172.31.0.0/16.',
    hint: 'Remove sandboxes that are not needed (`hvlab sandbox status`), or the routes.',
  })
}

function candidates(): Subnet[] {
  return ['10.213', '172.31'].flatMap((start) =>
    Array.from({ length: 256 }, (_, third) => parseSubnet(`${start}.${third}.0/24`)).filter(
      (subnet) => subnet !== undefined,
    ),
  )
}

export function gatewayOf(subnet: Subnet): string {
  return formatAddress(subnet.base + 1)
}

/** Exit code when another sandbox took the subnet in the meantime. */
export const subnetTaken = 17

/** Makes the bridge and the rules that it needs. The label comes first, so that a cut at any point leaves nothing unknown. */
export function makeBridge(sandbox: string, subnet: Subnet, mtu: number): Command {
  const name = bridgeNameOf(sandbox)
  const gateway = gatewayOf(subnet)
  return sh`(PATH="$PATH:/usr/sbin:/sbin"; mkdir -p ${sandboxFolder} && exec 9>${`${sandboxFolder}/.subnets`} && flock 9 || exit 1
[ -z "$(ip -4 -o address show to ${formatSubnet(subnet)})" ] || exit ${subnetTaken}
ip link add ${name} type bridge && ip link set ${name} alias ${labelOf(sandbox)} && ip address add ${`${gateway}/24`} dev ${name} &&
ip link set ${name} mtu ${mtu} up)`
}

/** Rules that are missing of those that hosts need to reach the outside. */
export function missingRules(
  sandbox: string,
  subnet: Subnet,
  present: readonly FirewallRule[],
): FirewallRule[] {
  const of = (rule: Pick<FirewallRule, 'table' | 'words'>) => `${rule.table} ${rule.words.join(' ')}`
  const there = new Set(present.map(of))
  return wantedRules(sandbox, subnet).filter((rule) => !there.has(of(rule)))
}

/** As `iptables -S` prints them. Another firewall of this machine (Docker's, for one) may drop what is forwarded. */
function wantedRules(sandbox: string, subnet: Subnet): FirewallRule[] {
  const name = bridgeNameOf(sandbox)
  const net = formatSubnet(subnet)
  const comment = ['-m', 'comment', '--comment', labelOf(sandbox)]
  const rule = (table: string, words: readonly string[]): FirewallRule => ({ sandbox, table, words })
  return [
    rule('nat', ['POSTROUTING', '-s', net, '!', '-d', net, ...comment, '-j', 'MASQUERADE']),
    rule('filter', ['FORWARD', '-i', name, ...comment, '-j', 'ACCEPT']),
    rule('filter', ['FORWARD', '-o', name, ...comment, '-j', 'ACCEPT']),
  ]
}

/** Adds them in front of what others have, and lets the kernel forward. */
export function addRules(rules: readonly FirewallRule[]): Command {
  return eachRule(
    sh`PATH="$PATH:/usr/sbin:/sbin"; [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || echo 1 >/proc/sys/net/ipv4/ip_forward || exit`,
    '-I',
    rules,
  )
}

export function removeBridge(bridges: readonly SandboxBridge[], rules: readonly FirewallRule[]): Command {
  const links = bridges.map(({ name }) => sh`ip link delete ${name} || exit`)
  return links.reduce(
    (all, link) => sh`${all}
${link}`,
    eachRule(sh`PATH="$PATH:/usr/sbin:/sbin"`, '-D', rules),
  )
}

function eachRule(start: Command, action: '-I' | '-D', rules: readonly FirewallRule[]): Command {
  return rules.reduce(
    (all, { table, words }) => sh`${all}
iptables -w -t ${table} ${action} ${words} || exit`,
    start,
  )
}
