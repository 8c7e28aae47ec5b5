import t from 'tap'
import { ifupdownPlan } from '../../../src/bridges/ifupdown.ts'

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
