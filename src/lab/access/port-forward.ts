import { lines } from '../../facts/text.ts'
import type { Change } from '../../model/change.ts'
import type { Command } from '../../model/command.ts'
import { sh } from '../../util/sh.ts'
import { stateFolder } from '../guest-files.ts'

/** A TCP port of the hypervisor that leads to one of a guest. */
export interface PortForward {
  /** Port on the hypervisor. */
  readonly host: number
  /** Port in the guest. */
  readonly guest: number
  /** Address of the hypervisor that it listens on. */
  readonly address: string
}

/** A forward that is there, and whose; `domain` is empty where its file is damaged. */
export interface KnownForward extends PortForward {
  readonly domain: string
  /** Address of the guest. */
  readonly to: string
  /** Its proxy listens, or systemd does for it. */
  readonly alive: boolean
}

/** One file for each port, so that `down` finds them: `domain address-of-guest port-of-guest address-to-listen-on`. */
const folder = `${stateFolder}/forwards`

/** systemd's own proxy: a part of the package systemd, also where systemd does not run. */
const proxies = ['/usr/lib/systemd/systemd-socket-proxyd', '/lib/systemd/systemd-socket-proxyd']

/**
 * Prints a line for each forward of this host; see `readForwards`. A number of a process that is another by now, or one
 * that has ended and waits for its parent, is no proxy.
 */
export const listForwards = sh`cd ${folder} && for f in *[0-9]; do
  [ -f "$f" ] || continue
  if [ -e "$f.pid" ]; then grep -aqs systemd-socket- "/proc/$(cat "$f.pid")/cmdline" && a=yes || a=no
  else [ -e "/etc/systemd/system/sockets.target.wants/hvlab-forward-$f.socket" ] && a=yes || a=no; fi
  echo "$f $a $(cat "$f")"
done`

export function readForwards(text: string): KnownForward[] {
  return lines(text).flatMap((line): KnownForward[] => {
    const [, host, alive, content = ''] = /^(\d+) (yes|no) ?(.*)$/.exec(line) ?? []
    if (host === undefined) return []
    const [, domain = '', to = '', guest = '0', address = ''] =
      /^(\S+) ([\d.]+) (\d+) ([\d.]+)$/.exec(content) ?? []
    return [{ host: Number(host), alive: alive === 'yes', domain, to, guest: Number(guest), address }]
  })
}

/** Makes the forwards of a domain those that are wanted. */
export function forwardSteps(
  domain: string,
  to: string,
  wanted: readonly PortForward[],
  known: readonly KnownForward[],
): Change[] {
  const own = known.filter((forward) => forward.domain === domain)
  const isWhole = (port: PortForward) =>
    own.some(
      (forward) =>
        forward.alive &&
        forward.host === port.host &&
        forward.guest === port.guest &&
        forward.address === port.address &&
        forward.to === to,
    )
  const surplus = own.filter(({ host }) => !wanted.some((port) => port.host === host))
  return [
    ...surplus.map((forward) => ({
      summary: `close port ${forward.host}, which led to ${domain}`,
      action: closePort(forward.host),
    })),
    ...wanted
      .filter((port) => !isWhole(port))
      .map((port) => ({
        summary: `open port ${port.host} of ${port.address}: it leads to port ${port.guest} of ${domain} (${to})`,
        action: openPort(domain, to, port),
      })),
  ]
}

/**
 * A process that passes bytes on, not a rule of the firewall: libvirt rejects whatever comes to guests behind NAT at a
 * hook where no other table can overrule it (nftables), firewalld and Docker set rules of their own, and a connection
 * from this machine would need another rule still. systemd listens and survives a reboot; where it does not run, its
 * tool systemd-socket-activate listens until the machine goes down.
 */
function openPort(domain: string, to: string, { host, guest, address }: PortForward): Command {
  const target = `${to}:${guest}`
  const listen = `${address}:${host}`
  const file = `${folder}/${host}`
  const text = `hvlab: port ${host} to port ${guest} of guest ${domain}`
  return sh`(
umask 022
${closePort(host)} || exit 1
for proxy in ${proxies} ''; do [ ! -x "$proxy" ] || break; done
[ -n "$proxy" ] || { echo 'systemd-socket-proxyd, of the package systemd, is not here' >&2; exit 1; }
mkdir -p ${folder} && printf '%s\n' ${`${domain} ${to} ${guest} ${address}`} > ${file} || exit 1
if [ -d /run/systemd/system ]; then
  unit=/etc/systemd/system/${`hvlab-forward-${host}`}
  printf '%s\n' '[Unit]' ${`Description=${text}`} '[Socket]' ${`ListenStream=${listen}`} FreeBind=yes '[Install]' WantedBy=sockets.target > "$unit.socket" &&
  printf '%s\n' '[Unit]' ${`Description=${text}`} ${`Requires=hvlab-forward-${host}.socket`} '[Service]' "ExecStart=$proxy "${target} User=nobody NoNewPrivileges=yes > "$unit.service" &&
  systemctl daemon-reload && systemctl enable --quiet --now ${`hvlab-forward-${host}.socket`} || exit 1
else
  setsid systemd-socket-activate -l ${listen} "$proxy" ${target} </dev/null >/dev/null 2>${`${file}.log`} &
  echo $! > ${`${file}.pid`}
  hex=$(printf ':%04X 00000000:0000 0A' ${host})
  for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -0 $! 2>/dev/null || { cat ${`${file}.log`} >&2; exit 1; }
    ! grep -qi "$hex" /proc/net/tcp || exit 0
    sleep 0.1
  done
  cat ${`${file}.log`} >&2
  echo 'nothing listens on the port after two seconds' >&2
  exit 1
fi
)`
}

/** Also of a forward that is only half there. A process is ended only while it is still the proxy. */
export function closePort(host: number): Command {
  const file = `${folder}/${host}`
  const unit = `hvlab-forward-${host}`
  return sh`{
if [ -e ${`/etc/systemd/system/${unit}.socket`} ]; then
  systemctl disable --quiet --now ${`${unit}.socket`} ${`${unit}.service`} 2>/dev/null
  rm -f ${`/etc/systemd/system/${unit}.socket`} ${`/etc/systemd/system/${unit}.service`} && systemctl daemon-reload
fi
if [ -e ${`${file}.pid`} ]; then
  pid=$(cat ${`${file}.pid`})
  case $(tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) in *systemd-socket-*) kill "$pid" ;; esac
fi
rm -f ${file} ${`${file}.pid`} ${`${file}.log`} && { rmdir ${folder} ${stateFolder} 2>/dev/null || :; }
}`
}

/** All ports that lead to a domain. */
export function closePorts(domain: string, known: readonly KnownForward[]): Command {
  return known
    .filter((forward) => forward.domain === domain)
    .reduce((all, { host }) => sh`${all}\n${closePort(host)} || exit 1`, sh`:`)
}

/** Ports of domains that are gone: what an interrupted run left. */
export function orphanedPorts(
  known: readonly KnownForward[],
  domains: readonly { readonly name: string }[],
): KnownForward[] {
  return known.filter((forward) => !domains.some(({ name }) => name === forward.domain))
}
