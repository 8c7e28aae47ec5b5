import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ifupdownPlan } from '../../../src/bridges/ifupdown.ts'
import { bridgesFolder } from '../../../src/bridges/record.ts'
import type { Command } from '../../../src/model/command.ts'
import { renderCommand } from '../../../src/util/sh.ts'
import { must } from '../../support/tool.ts'

const wanted = { bridge: 'br0', card: 'eth0', mac: '52:54:00:12:34:56' }
const file = (text: string, path = '/etc/network/interfaces') => ({ path, text })

t.test('the stanzas of the card become the bridge’s', async (t) => {
  const text = `# The loopback network interface
source /etc/network/interfaces.d/*
auto lo eth0
iface lo inet loopback

allow-hotplug eth0
iface eth0 inet static
    address 10.0.0.5/24
    gateway 10.0.0.1
    up ip route add 10.9.0.0/16 dev $IFACE
iface eth0 inet6 auto

iface eth01 inet dhcp
`
  const planned = ifupdownPlan(wanted, [
    file('auto eth1\niface eth1 inet dhcp\n', '/etc/network/interfaces.d/eth1'),
    file(text),
  ])
  t.equal(
    planned.ok && planned.value.changes[0]?.after,
    `# The loopback network interface
source /etc/network/interfaces.d/*
auto lo
iface lo inet loopback

iface eth0 inet manual

auto br0
iface br0 inet static
    bridge_ports eth0
    bridge_hw 52:54:00:12:34:56
    bridge_stp off
    bridge_fd 0
    address 10.0.0.5/24
    gateway 10.0.0.1
    up ip route add 10.9.0.0/16 dev $IFACE
iface br0 inet6 auto

iface eth01 inet dhcp
`,
  )
})

t.test('the same client of DHCP on the bridge, and the card as it was afterwards', async (t) => {
  const planned = ifupdownPlan(wanted, [file('auto eth0\niface eth0 inet dhcp\niface eth0 inet6 dhcp\n')])
  if (!planned.ok) throw new Error(planned.error)
  const duid = 'default-duid "\\000\\001";\n'
  const own = 'lease {\n  interface "eth0";\n}\n'
  const folder = t.testdir({
    'dhclient.eth0.leases': `${duid}${own}`,
    'dhclient6.eth0.leases': own,
    br0: {},
    eth0: { addr_gen_mode: '0\n' },
  })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  // A file, as on a host: the words of a command line would be found among those of programs.
  const run = (command: Command) => {
    const places = ['/var/lib/dhcp', bridgesFolder, '/proc/sys/net/ipv6/conf', '/run']
    const text = places.reduce((all, place) => all.replaceAll(place, folder), renderCommand(command))
    const fakes = 'for p in ip ifup ifdown; do eval "$p() { echo $p \\"\\$@\\"; }"; done'
    writeFileSync(join(folder, 'way'), `${fakes}\n${text}\n`)
    return must('sh', [join(folder, 'way')])
  }
  const { toBridge, toCard } = planned.value
  t.equal(run(toBridge.before), 'ifdown --force eth0\n')
  t.equal(run(toBridge.after), 'ip addr flush dev eth0\nifup br0\n')
  t.equal(read('dhclient.br0.leases'), duid)
  writeFileSync(join(folder, 'eth0', 'addr_gen_mode'), '1\n')
  t.equal(run(toBridge.before), 'ifdown --force eth0\n', 'the other way again')
  const waiting = spawn('sh', ['-c', 'read answer', 'dhclient', '-pf', join(folder, 'dhclient6.br0.pid')])
  await once(waiting, 'spawn')
  t.equal(run(toCard.before), 'ifdown --force br0\n')
  t.strictSame(
    await once(waiting, 'exit'),
    [null, 'SIGTERM'],
    'a client that is still asking does not hold ifdown up',
  )
  t.equal(run(toCard.after), 'ip link delete br0\nip link set dev eth0 down\nifup eth0\n')
  t.equal(read('eth0/addr_gen_mode'), '0\n', 'what bridge-utils took from the port')
  t.notOk(existsSync(join(folder, 'dhclient.br0.leases')))
  t.equal(read('dhclient.eth0.leases'), `${duid}${own}`)
})

const refused: Record<string, [ReturnType<typeof file>[], string]> = {
  'another card': [[file('iface eth1 inet dhcp\n')], 'eth0 is in none of its files'],
  'two files': [
    [file('iface eth0 inet dhcp\n'), file('iface eth0 inet6 auto\n', '/etc/network/interfaces.d/six')],
    'eth0 is described in /etc/network/interfaces and in /etc/network/interfaces.d/six',
  ],
  'a hook that names the card': [
    [file('iface eth0 inet dhcp\n    post-up ethtool -K eth0 gro off\n')],
    '/etc/network/interfaces names eth0 in “post-up ethtool -K eth0 gro off”, which may be meant for the card or for its addresses; write $IFACE',
  ],
  inheritance: [
    [file('iface eth0 inet static inherits office\n')],
    'eth0 inherits from another stanza in /etc/network/interfaces',
  ],
}

for (const [name, [files, error]] of Object.entries(refused))
  t.test(`refused: ${name}`, async (t) => {
    t.strictSame(ifupdownPlan(wanted, files), { ok: false, error })
  })
