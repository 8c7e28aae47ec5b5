import t from 'tap'
import { networkManagerPlan } from '../../../src/bridges/network-manager.ts'

const wanted = { bridge: 'br0', card: 'eth0', mac: '52:54:00:12:34:56' }
const uuid = '11111111-1111-4111-8111-111111111111'
const uuids = ['22222222-2222-5222-8222-222222222222', '33333333-3333-5333-8333-333333333333'] as const

t.test('two profiles; the IP settings are the bridge’s, the card’s stay with it', async (t) => {
  const text = `[connection]
id=uplink
uuid=${uuid}
type=ethernet

[ethernet]
mtu=1400

[ipv4]
address1=10.0.0.5/24,10.0.0.1
method=manual

[ipv6]
method=ignore

[proxy]
`
  const file = { path: '/etc/NetworkManager/system-connections/uplink.nmconnection', text }
  const planned = networkManagerPlan(wanted, { uuid, file }, uuids)
  t.strictSame(planned.ok && planned.value.changes.map(({ path, after }) => [path, after]), [
    [
      '/etc/NetworkManager/system-connections/hvlab-br0.nmconnection',
      `[connection]
id=hvlab-br0
uuid=${uuids[0]}
type=bridge
interface-name=br0
autoconnect=true
autoconnect-priority=100
autoconnect-slaves=1

[bridge]
mac-address=52:54:00:12:34:56
stp=false
forward-delay=0

[ipv4]
address1=10.0.0.5/24,10.0.0.1
method=manual

[ipv6]
method=ignore

[proxy]
`,
    ],
    [
      '/etc/NetworkManager/system-connections/hvlab-br0-port.nmconnection',
      `[connection]
id=hvlab-br0-port
uuid=${uuids[1]}
type=ethernet
interface-name=eth0
autoconnect=true
autoconnect-priority=100
master=br0
slave-type=bridge

[ethernet]
mtu=1400
`,
    ],
  ])
})

t.test('a profile that NetworkManager made up has automatic addresses', async (t) => {
  const planned = networkManagerPlan(wanted, { uuid }, uuids)
  t.match(planned.ok && planned.value.changes[0]?.after, '[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n')
})

t.test('refused', async (t) => {
  const old = { path: '/etc/sysconfig/network-scripts/ifcfg-eth0', text: 'DEVICE=eth0\n' }
  t.strictSame(networkManagerPlan(wanted, { uuid, file: old }, uuids), {
    ok: false,
    error:
      'the profile of eth0 is /etc/sysconfig/network-scripts/ifcfg-eth0, in the format before keyfiles; `nmcli connection migrate` converts it',
  })
  const secured = {
    path: '/etc/NetworkManager/system-connections/a.nmconnection',
    text: '[connection]\nid=a\n[802-1x]\neap=tls;\n',
  }
  t.strictSame(networkManagerPlan(wanted, { uuid, file: secured }, uuids), {
    ok: false,
    error:
      'the profile /etc/NetworkManager/system-connections/a.nmconnection has a section [802-1x] that a bridge cannot take over',
  })
})
