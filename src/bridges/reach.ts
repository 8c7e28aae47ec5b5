import { renderCommand, sh } from '../util/sh.ts'

/** What one device of a host gives it, and another one has to give it after a change of its network. */
export interface Missing {
  readonly what: 'address' | 'prefix' | 'route' | 'gateway'
  readonly family: 'IPv4' | 'IPv6'
  /** An address with its length; of a gateway without; `default` of a route. */
  readonly value: string
}

/**
 * A script of a bridge's folder. `reach record DEVICE` prints what the host has by way of a device, `reach missing DEVICE` those lines
 * of the file `wanted` that do not hold of a device, each behind `missing: `. Source: ip-address(8), ip-route(8).
 *
 * - `address`: fixed, or given by DHCP; the same has to be there.
 * - `prefix`: an address that the host picked itself in the prefix of a router's advertisement. The name of the device may be part
 *   of it (RFC 7217), so another one in the same prefix will do. Temporary ones (RFC 8981) come and go, and are not looked at.
 * - `route`: a default route of IPv4 or IPv6.
 * - `gateway`: of a default route; only one that answers beforehand.
 *
 * An address that is still looked for on the wire (`tentative`), or was found there (`dadfailed`), is not there.
 */
export function reachScript(): string {
  return `${renderCommand(sh`#!/bin/sh
cd "$(dirname "$0")" || exit
PATH="$PATH:/usr/sbin:/sbin"
command -v ip >/dev/null || { echo 'ip is not installed' >&2; exit 1; }
device=$2
roads() { ip -"$1" route show default | sed 's/$/ /' | grep -F " dev $device "; }
usable() { grep -Ev ' (tentative|dadfailed) '; }
answers() {
  case $1 in fe[89ab]?:*) to=$1%$device ;; *) to=$1 ;; esac
  ! command -v ping >/dev/null || ping -c 1 -W 1 "$to" >/dev/null 2>&1 || ip neigh show "$1" dev "$device" | grep -q lladdr
}
case $1 in
record)
  ip -o addr show dev "$device" scope global | while read -r _ _ family address flags; do
    case "$family $flags $address" in
      'inet '*) echo "address 4 $address" ;;
      *' temporary '* | *' dadfailed '*) ;;
      *' dynamic '*) case "$flags $address" in
        # Its time is over.
        *' deprecated '*) ;;
        */128) echo "address 6 $address" ;;
        *) echo "prefix 6 $address" ;;
      esac ;;
      *) echo "address 6 $address" ;;
    esac
  done
  for family in 4 6; do
    [ -n "$(roads $family)" ] || continue
    echo "route $family default"
    gateway=$(roads $family | sed -n 's/.*via \\(inet6 \\)\\{0,1\\}\\([^ ]*\\).*/\\2/p' | head -n 1)
    [ -z "$gateway" ] || ! answers "$gateway" || echo "gateway $family $gateway"
  done ;;
missing)
  while read -r what family value; do
    case $what in
      address) ip -o -"$family" addr show dev "$device" scope global | usable | grep -qF " $value " ;;
      prefix) ip -o -6 addr show dev "$device" scope global to "$value" | usable | grep -qv ' temporary ' ;;
      route) [ -n "$(roads "$family")" ] ;;
      gateway) answers "$value" ;;
    esac || echo "missing: $what $family $value"
  done <wanted ;;
esac`)}\n`
}

const line = /^missing: (address|prefix|route|gateway) ([46]) ([0-9a-f.:/]{1,49}|default)$/

/** What `reach missing` printed, between whatever else. */
export function readMissing(text: string): Missing[] {
  return text.split('\n').flatMap((one) => {
    const [, what, family, value = ''] = line.exec(one) ?? []
    return what === undefined
      ? []
      : [{ what: what as Missing['what'], family: family === '4' ? 'IPv4' : 'IPv6', value }]
  })
}

/** For a sentence: `192.0.2.5/24`, `a default route of IPv6`. */
export function describeMissing({ what, family, value }: Missing): string {
  switch (what) {
    case 'address':
      return value
    case 'prefix':
      return `an address in the network of ${value}`
    case 'route':
      return `a default route of ${family}`
    case 'gateway':
      return `an answer of gateway ${value}`
  }
}
