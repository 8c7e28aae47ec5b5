import { isIP } from 'node:net'
import type { ModuleContext } from '../model/module-context.ts'
import { sh } from '../util/sh.ts'
import { moduleFailure } from './failure.ts'
import type { WaitCondition } from './wait-condition.ts'

/** States of a connection, as /proc/net/tcp numbers them. Source: tcp_states.h of Linux. */
const states: Readonly<Record<string, string>> = {
  ESTABLISHED: '01',
  SYN_SENT: '02',
  SYN_RECV: '03',
  FIN_WAIT1: '04',
  FIN_WAIT2: '05',
  TIME_WAIT: '06',
}
export const connectionStates = Object.keys(states)

interface Drain {
  readonly host: string
  readonly port: number
  readonly active_connection_states: readonly string[]
  readonly exclude_hosts: readonly string[]
}

/** No connection to a port of the host itself is in use any more: asked of its kernel, the port is not touched. */
export async function drainedCondition(context: ModuleContext, drain: Drain): Promise<WaitCondition> {
  const here = await addressesOf(context, [drain.host])
  const others = new Set(await addressesOf(context, drain.exclude_hosts))
  const wanted = new Set(drain.active_connection_states.map((name) => states[name]))
  const port = drain.port.toString(16).toUpperCase().padStart(4, '0')
  return {
    what: `port ${drain.port} of ${drain.host} has no connections`,
    notYet: `port ${drain.port} of ${drain.host} still has connections`,
    async check() {
      const { stdout } = await context.run(sh`cat /proc/net/tcp /proc/net/tcp6 2>/dev/null`)
      const isActive = stdout.split('\n').some((line) => {
        const [, local = '', remote = '', state = ''] = line.trim().split(/\s+/)
        const [address = '', number] = local.split(':')
        if (number !== port || !wanted.has(state) || others.has(remote.split(':')[0] ?? '')) return false
        return here.some((one) => one === address || isAny(one, address))
      })
      return isActive ? null : {}
    },
  }
}

/** 0.0.0.0 and :: stand for every address of their kind. */
function isAny(own: string, address: string): boolean {
  if (!/^0+$/.test(own)) return false
  return own.length === address.length || (own.length === 8 && address.startsWith(mapped))
}

/** An IPv4 address within IPv6. */
const mapped = '0000000000000000FFFF0000'

/** As the kernel writes them, in words of the host's byte order: the little end first, but for a few machines. */
async function addressesOf(context: ModuleContext, hosts: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const host of hosts) {
    const texts = isIP(host) === 0 ? await resolved(context, host) : [host]
    for (const text of texts) found.push(...(isIP(text) === 4 ? ipv4(text) : [ipv6(text)]))
  }
  return found
}

async function resolved(context: ModuleContext, host: string): Promise<string[]> {
  const { stdout } = await context.run(sh`getent ahosts ${host}`)
  const addresses = stdout
    .split('\n')
    .flatMap((line) => (isIP(line.split(/\s/)[0] ?? '') === 0 ? [] : [line.split(/\s/)[0] ?? '']))
  if (addresses.length > 0) return [...new Set(addresses)]
  throw moduleFailure(
    'invalid-parameter',
    `wait_for: ${context.host} knows no address of ${host}`,
    'give an IP address',
  )
}

function ipv4(text: string): string[] {
  const word = reversed(text.split('.').map(Number))
  return [word, `${mapped}${word}`]
}

function ipv6(text: string): string {
  const [head = '', tail] = text.replace(/%.*$/, '').split('::')
  const groups = (part: string | undefined): number[] =>
    (part ?? '')
      .split(':')
      .filter((group) => group !== '')
      .flatMap((group) => {
        if (group.includes('.')) return group.split('.').map(Number)
        const value = Number.parseInt(group, 16)
        return [value >> 8, value & 0xff]
      })
  const [first, last] = [groups(head), groups(tail)]
  const bytes = [...first, ...Array<number>(16 - first.length - last.length).fill(0), ...last]
  return [0, 4, 8, 12].map((at) => reversed(bytes.slice(at, at + 4))).join('')
}

const reversed = (bytes: readonly number[]): string =>
  [...bytes]
    .reverse()
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('')
