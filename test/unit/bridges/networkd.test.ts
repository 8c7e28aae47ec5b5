import t from 'tap'
import { inForce, networkdPlan } from '../../../src/bridges/networkd.ts'

const wanted = { bridge: 'br0', card: 'eth0', mac: '52:54:00:12:34:56' }

t.test('three files before the card’s own, which stays', async (t) => {
  const planned = networkdPlan(wanted, {
    file: {
      path: '/etc/systemd/network/10-uplink.network',
      text: '[Match]\nName=eth*\n\n[Link]\nMTUBytes=1400\nMACAddress=52:54:00:00:00:01\n\n# The uplink.\n[Network]\nDHCP=yes\n\n[DHCPServerStaticLease]\nMACAddress=52:54:00:00:00:02\n\n[Match]\nDriver=virtio_net\n',
    },
    dropIns: [
      { path: '/etc/systemd/network/10-uplink.network.d/dns.conf', text: '[Network]\nDNS=10.0.0.1\n' },
    ],
    dhcp: [
      { section: 'DHCPv4', iaid: '0x1f2e3d4c' },
      { section: 'DHCPv6', iaid: '0x5' },
    ],
  })
  t.strictSame(planned.ok && planned.value.changes.map(({ path, after }) => [path, after]), [
    [
      '/etc/systemd/network/00-hvlab-br0.netdev',
      '# Written by hvlab; `hvlab down` takes it back.\n[NetDev]\nName=br0\nKind=bridge\nMACAddress=52:54:00:12:34:56\n[Bridge]\nSTP=no\nForwardDelaySec=0\n',
    ],
    [
      '/etc/systemd/network/00-hvlab-br0-port.network',
      '# Written by hvlab; `hvlab down` takes it back.\n[Match]\nName=eth0\n[Network]\nBridge=br0\n[Link]\nMTUBytes=1400\n# The uplink.\n',
    ],
    [
      '/etc/systemd/network/00-hvlab-br0.network',
      '# Written by hvlab; `hvlab down` takes it back.\n[Match]\nName=br0\n[Link]\nMTUBytes=1400\n# The uplink.\n[Network]\nDHCP=yes\n[DHCPServerStaticLease]\nMACAddress=52:54:00:00:00:02\n[Network]\nDNS=10.0.0.1\n[DHCPv4]\nIAID=0x1f2e3d4c\n[DHCPv6]\nIAID=0x5\n',
    ],
  ])
})

t.test('a file that comes first would win', async (t) => {
  const file = { path: '/etc/systemd/network/00-a.network', text: '[Match]\nName=eth0\n' }
  t.strictSame(networkdPlan(wanted, { file, dropIns: [], dhcp: [] }), {
    ok: false,
    error:
      '/etc/systemd/network/00-a.network comes before 00-hvlab-br0.network; give it a name that starts with 10- or more',
  })
})

t.test(
  'drop-ins: by name over all folders; the folder that comes first has the name, and an empty file masks',
  async (t) => {
    const dropIn = (path: string, text = path) => ({ path: `${path}.conf`, text })
    const etc = '/etc/systemd/network/10-a.network.d'
    const run = '/run/systemd/network/10-a.network.d'
    const usr = '/usr/lib/systemd/network/10-a.network.d'
    const found = [
      dropIn(`${usr}/10-first`),
      dropIn(`${usr}/20-mine`),
      dropIn(`${usr}/30-masked`),
      dropIn(`${run}/40-last`),
      dropIn(`${run}/20-mine`),
      dropIn(`${etc}/30-masked`, ''),
      dropIn(`${etc}/20-mine`),
    ]
    t.strictSame(
      inForce(found).map(({ text }) => text),
      [`${usr}/10-first`, `${etc}/20-mine`, `${run}/40-last`],
    )
  },
)
