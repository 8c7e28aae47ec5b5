import { readFileSync } from 'node:fs'
import { must, tool } from '../tool.ts'

/** A bridge of this machine with its own subnet, from which hosts reach the outside by NAT. */
export interface Bridge {
  readonly name: string
  /** First three octets: `10.213.7`; the bridge itself is `.1`. */
  readonly prefix: string
  readonly mtu: number
}

/** Makes the bridge with the rules that it needs. */
export function makeBridge(): Bridge {
  const prefix = freePrefix()
  const name = `hvt-${process.pid}`
  const bridge = { name, prefix, mtu: outwardMtu() }
  must('ip', ['link', 'add', name, 'type', 'bridge'])
  must('ip', ['address', 'add', `${prefix}.1/24`, 'dev', name])
  must('ip', ['link', 'set', name, 'mtu', String(bridge.mtu), 'up'])
  if (readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() !== '1')
    must('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1'])
  for (const rule of rules(bridge)) must('iptables', ['-w', ...rule('-I')])
  return bridge
}

/** Removes bridge and rules; fine when they are gone already. */
export function removeBridge(bridge: Bridge): void {
  for (const rule of rules(bridge)) tool('iptables', ['-w', ...rule('-D')])
  tool('ip', ['link', 'delete', bridge.name])
}

function rules({ name, prefix }: Bridge): ((action: '-I' | '-D') => string[])[] {
  const subnet = `${prefix}.0/24`
  return [
    (action) => ['-t', 'nat', action, 'POSTROUTING', '-s', subnet, '!', '-d', subnet, '-j', 'MASQUERADE'],
    // Another firewall of this machine (Docker's, for one) may drop what is forwarded.
    (action) => [action, 'FORWARD', '-i', name, '-j', 'ACCEPT'],
    (action) => [action, 'FORWARD', '-o', name, '-j', 'ACCEPT'],
  ]
}

/** Three octets of a /24 that no route or address of this machine touches. */
function freePrefix(): string {
  const known = `${must('ip', ['-4', 'route'])}\n${must('ip', ['-4', '-br', 'address'])}`
  const wide = /(^|\s)10\.\d+\.\d+\.\d+\/([89]|1\d|2[0-3])\b/m.test(known)
  for (let third = 0; third < 256; third += 1) {
    const prefix = wide ? `172.31.${third}` : `10.213.${third}`
    if (!known.includes(`${prefix}.`)) return prefix
  }
  throw new Error('no free subnet for the test hosts')
}

/** Of the interface with the default route: behind a smaller MTU, larger packets of the hosts would be lost. */
function outwardMtu(): number {
  const device = /^default .*\bdev (\S+)/m.exec(must('ip', ['-4', 'route']))?.[1]
  return device === undefined ? 1500 : Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8'))
}
