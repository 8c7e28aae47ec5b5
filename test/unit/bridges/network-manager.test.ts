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
  const planned = networkManagerPlan(wanted, { uuid, file, dhcp: {} }, uuids)
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
  const planned = networkManagerPlan(wanted, { uuid, dhcp: {} }, uuids)
  t.match(
    planned.ok && planned.value.changes[0]?.after,
    '[ipv4]\nmethod=auto\n\n[ipv6]\naddr-gen-mode=stable-privacy\nmethod=auto\n',
  )
})

t.test('the same clients of DHCP, the same zone of the firewall', async (t) => {
  const file = {
    path: '/etc/NetworkManager/system-connections/a.nmconnection',
    text: `[connection]\nid=a\nuuid=${uuid}\ntype=ethernet\nzone=internal\nstable-id=office\nautoconnect-priority=5\n[ipv4]\ndhcp-client-id=duid\nmethod=auto\n[ipv6]\nmethod=auto\n`,
  }
  const after = (dhcp: Parameters<typeof networkManagerPlan>[1]['dhcp']) => {
    const planned = networkManagerPlan(wanted, { uuid, file, dhcp }, uuids)
    return planned.ok ? planned.value.changes[0]?.after : undefined
  }
  const known = after({ clientId: 'ff:12:34', iaid: '5e:0f:00:01', duid: '00:04:aa:bb' })
  t.match(known, 'autoconnect-slaves=1\nzone=internal\nstable-id=office\n\n[bridge]')
  t.match(known, '[ipv4]\nmethod=auto\ndhcp-client-id=ff:12:34\n\n[ipv6]\n')
  t.match(known, '[ipv6]\nmethod=auto\ndhcp-iaid=5e:0f:00:01\ndhcp-duid=00:04:aa:bb\n')
  const byMac = after({ clientId: '01:52:54:00:12:34:56' })
  t.match(
    byMac,
    '[ipv4]\ndhcp-client-id=duid\nmethod=auto\n',
    'the bridge has the same address, so nothing is added',
  )
})

t.test('refused', async (t) => {
  const old = { path: '/etc/sysconfig/network-scripts/ifcfg-eth0', text: 'DEVICE=eth0\n' }
  t.strictSame(networkManagerPlan(wanted, { uuid, file: old, dhcp: {} }, uuids), {
    ok: false,
    error:
      'the profile of eth0 is /etc/sysconfig/network-scripts/ifcfg-eth0, in the format before keyfiles; `nmcli connection migrate` converts it',
  })
  const secured = {
    path: '/etc/NetworkManager/system-connections/a.nmconnection',
    text: '[connection]\nid=a\n[802-1x]\neap=tls;\n',
  }
  t.strictSame(networkManagerPlan(wanted, { uuid, file: secured, dhcp: {} }, uuids), {
    ok: false,
    error:
      'the profile /etc/NetworkManager/system-connections/a.nmconnection has a section [802-1x] that a bridge cannot take over',
  })
})
