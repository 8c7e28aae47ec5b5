import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { describeMissing, reachScript, readMissing } from '../../../src/bridges/reach.ts'
import { must, tool } from '../../support/tool.ts'

/** A network namespace of its own with two devices that have carrier; `reach` is the script. Addresses are there at once: `nodad`. */
const namespace = `set -e
for d in eth0 br0; do ip link add $d type veth peer name far-$d; ip link set $d up; ip link set far-$d up; done
sixth() { ip -6 addr add "$@" nodad; }
`
const possible =
  tool('unshare', ['-n', 'ip', 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far']).status === 0
const skip = possible ? false : 'needs root and network namespaces'

interface Case {
  readonly before: string
  readonly wanted: string
  readonly after: string
  readonly missing: string
}

const cases: Record<string, Case> = {
  'an address of either family that is not there any more': {
    before: `ip addr add 10.0.0.5/24 dev eth0; ip addr add 10.0.0.6/24 dev eth0; sixth fd00::5/64 dev eth0; sixth fd00::6/64 dev eth0`,
    wanted: 'address 4 10.0.0.5/24\naddress 4 10.0.0.6/24\naddress 6 fd00::6/64\naddress 6 fd00::5/64\n',
    after: `ip addr add 10.0.0.5/24 dev br0; sixth fd00::5/64 dev br0; sixth fd00::61/64 dev br0`,
    missing: 'missing: address 4 10.0.0.6/24\nmissing: address 6 fd00::6/64\n',
  },
  'another address by DHCP': {
    before: `ip addr add 10.0.0.5/24 dev eth0 valid_lft 600 preferred_lft 600; sixth fd00::5/128 dev eth0 valid_lft 600 preferred_lft 600`,
    wanted: 'address 4 10.0.0.5/24\naddress 6 fd00::5/128\n',
    after: `ip addr add 10.0.0.55/24 dev br0 valid_lft 600 preferred_lft 600; sixth fd00::55/128 dev br0 valid_lft 600 preferred_lft 600`,
    missing: 'missing: address 4 10.0.0.5/24\nmissing: address 6 fd00::5/128\n',
  },
  'another address in a router’s prefix will do, and a temporary one, or one that a router takes back, does not matter':
    {
      before: `echo 2 >/proc/sys/net/ipv6/conf/eth0/use_tempaddr
sixth fd00::5/64 dev eth0 valid_lft 90000 preferred_lft 80000 mngtmpaddr; sixth fd00:1::5/64 dev eth0 valid_lft 600 preferred_lft 0
ip -6 addr show dev eth0 | grep -q temporary`,
      wanted: 'prefix 6 fd00::5/64\n',
      after: `sixth fd00::77/64 dev br0 valid_lft 90000 preferred_lft 80000`,
      missing: '',
    },
  'a router’s prefix in which there is none': {
    before: `sixth fd00::5/64 dev eth0 valid_lft 600 preferred_lft 600`,
    wanted: 'prefix 6 fd00::5/64\n',
    after: `sixth fd00:1::5/64 dev br0 valid_lft 600 preferred_lft 600`,
    missing: 'missing: prefix 6 fd00::5/64\n',
  },
  'an address that is still looked for on the wire': {
    before: `sixth fd00::5/64 dev eth0`,
    wanted: 'address 6 fd00::5/64\n',
    after: `echo 100 >/proc/sys/net/ipv6/conf/br0/dad_transmits; ip -6 addr add fd00::5/64 dev br0`,
    missing: 'missing: address 6 fd00::5/64\n',
  },
  'default routes, and gateways that answered before': {
    before: `ip addr add 10.0.0.5/24 dev eth0; sixth fd00::5/64 dev eth0
ip route add default via 10.0.0.1 dev eth0; ip -6 route add default via fe80::1 dev eth0
ip neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0; ip neigh add fe80::1 lladdr 02:00:00:00:00:01 dev eth0`,
    wanted:
      'address 4 10.0.0.5/24\naddress 6 fd00::5/64\nroute 4 default\ngateway 4 10.0.0.1\nroute 6 default\ngateway 6 fe80::1\n',
    after: `ip addr flush dev eth0; ip addr add 10.0.0.5/24 dev br0; sixth fd00::5/64 dev br0
ip route add default via 10.0.0.1 dev br0`,
    missing: 'missing: gateway 4 10.0.0.1\nmissing: route 6 default\nmissing: gateway 6 fe80::1\n',
  },
  'a gateway that was dead is not asked for; one that is there after all is fine': {
    before: `ip addr add 10.0.0.5/24 dev eth0; ip route add default via 10.0.0.1 dev eth0`,
    wanted: 'address 4 10.0.0.5/24\nroute 4 default\n',
    after: `ip addr flush dev eth0; ip addr add 10.0.0.5/24 dev br0; ip route add default via 10.0.0.1 dev br0`,
    missing: '',
  },
  'nothing is wanted of a card without addresses': { before: ':', wanted: '', after: ':', missing: '' },
}

t.test('for real, in network namespaces', { skip }, async (t) => {
  for (const [name, { before, wanted, after, missing }] of Object.entries(cases))
    await t.test(name, async (t) => {
      const folder = t.testdir({})
      writeFileSync(join(folder, 'reach'), reachScript())
      const script = `${namespace}${before}
sh "$1/reach" record eth0 >"$1/wanted"
cat "$1/wanted"; echo --
${after}
sh "$1/reach" missing br0`
      t.equal(must('unshare', ['-n', 'sh', '-c', script, 'sh', folder]), `${wanted}--\n${missing}`)
    })
})

t.test('a host on which it cannot be told is never confirmed', async (t) => {
  const folder = t.testdir({ reach: reachScript() })
  t.not(tool('sh', [join(folder, 'reach'), 'missing', 'br0']).status, 0, 'nothing was recorded')
})

t.test('what a host says is read between other lines, and nothing else of it', async (t) => {
  const read = readMissing(
    'nobody confirmed within 8 seconds\nmissing: address 6 fd00::5/64\nmissing: address 4 \u001b[31m10.0.0.5\nmissing: route 6 default\nmissing: gateway 4 10.0.0.1\nmissing: prefix 6 fd00::5/64\nmissing: door 4 open',
  )
  t.strictSame(read.map(describeMissing), [
    'fd00::5/64',
    'a default route of IPv6',
    'an answer of gateway 10.0.0.1',
    'an address in the network of fd00::5/64',
  ])
})
