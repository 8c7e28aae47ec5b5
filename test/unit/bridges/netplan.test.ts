import t from 'tap'
import type { ConfigFile } from '../../../src/bridges/bridge-plan.ts'
import { netplanPlan } from '../../../src/bridges/netplan.ts'

const wanted = { bridge: 'br0', card: 'eth0', mac: '52:54:00:12:34:56' }
const file = (text: string, path = '/etc/netplan/01-host.yaml'): ConfigFile => ({ path, text })

function plan(...files: ConfigFile[]) {
  const planned = netplanPlan(wanted, files, [])
  if (!planned.ok) throw new Error(planned.error)
  return planned.value
}

t.test('addresses move, line by line, and what describes the device stays', async (t) => {
  const text = `# Written by hand.
network:
  version: 2
  renderer: networkd
  ethernets:
    eth0:
      mtu: 1450
      # The office's own.
      addresses:
        - 10.0.0.5/24
        - "2001:db8::5/64"   # documentation
      routes:
        - to: default
          via: 10.0.0.1
      nameservers: {addresses: [10.0.0.1], search: [example.org]}
    eth1:
      dhcp4: yes
`
  const { changes, service } = plan(file(text))
  t.equal(service, 'netplan')
  t.strictSame(changes, [
    {
      path: '/etc/netplan/01-host.yaml',
      before: text,
      after: `# Written by hand.
network:
  version: 2
  renderer: networkd
  ethernets:
    eth0:
      mtu: 1450
      # The office's own.
      dhcp4: false
      dhcp6: false
    eth1:
      dhcp4: yes
`,
    },
    {
      path: '/etc/netplan/90-hvlab-br0.yaml',
      before: undefined,
      after: `# Written by hvlab; \`hvlab down\` takes it back.
network:
  version: 2
  bridges:
    br0:
      renderer: networkd
      interfaces: ["eth0"]
      macaddress: "52:54:00:12:34:56"
      parameters: {stp: false, forward-delay: 0}
      addresses:
        - 10.0.0.5/24
        - "2001:db8::5/64"   # documentation
      routes:
        - to: default
          via: 10.0.0.1
      nameservers: {addresses: [10.0.0.1], search: [example.org]}
`,
    },
  ])
})

t.test(
  'what cloud-init wrote: a definition that matches by address; it is told not to write it again',
  async (t) => {
    const text = `network:
    ethernets:
        primary:
            dhcp4: true
            match:
                macaddress: 52:54:00:12:34:56
            set-name: eth0
    version: 2
`
    const { changes } = plan(file(text, '/etc/netplan/50-cloud-init.yaml'))
    t.equal(
      changes[0]?.after,
      `network:
    ethernets:
        primary:
            match:
                macaddress: 52:54:00:12:34:56
            set-name: eth0
            dhcp4: false
            dhcp6: false
    version: 2
`,
    )
    t.match(changes[1]?.after, 'interfaces: ["primary"]')
    t.match(changes[1]?.after, '\n      dhcp4: true\n')
    t.equal(changes[2]?.path, '/etc/cloud/cloud.cfg.d/99-hvlab-network.cfg')
  },
)

t.test('a definition without settings is a card without addresses', async (t) => {
  const { changes } = plan(file('network:\n  version: 2\n  ethernets:\n    eth0: {}\n'))
  t.equal(
    changes[0]?.after,
    'network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: false\n      dhcp6: false\n',
  )
})

t.test('who the DHCP clients are, where networkd asks', async (t) => {
  const text = 'network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n      dhcp6: true\n'
  const planned = netplanPlan(
    wanted,
    [file(text)],
    [
      { section: 'DHCPv4', iaid: '0x1f2e3d4c' },
      { section: 'DHCPv6', iaid: '0x1f2e3d4c' },
    ],
  )
  t.strictSame(planned.ok && planned.value.changes[2], {
    path: '/etc/systemd/network/10-netplan-br0.network.d/hvlab.conf',
    before: undefined,
    after:
      '# Written by hvlab; `hvlab down` takes it back.\n[DHCPv4]\nIAID=0x1f2e3d4c\n[DHCPv6]\nIAID=0x1f2e3d4c\n',
  })
})

const refused: Record<string, [ConfigFile[], string]> = {
  'another card': [
    [file('network:\n  ethernets:\n    eth1:\n      dhcp4: true\n')],
    'eth0 is in none of the files of /etc/netplan',
  ],
  'two descriptions': [
    [
      file('network:\n  ethernets:\n    eth0:\n      dhcp4: true\n', '/etc/netplan/a.yaml'),
      file('network:\n  ethernets:\n    eth0:\n      mtu: 1400\n', '/etc/netplan/b.yaml'),
    ],
    'eth0 is described in /etc/netplan/a.yaml and in /etc/netplan/b.yaml',
  ],
  'no YAML': [
    [
      file('network:\n  ethernets:\n    eth0:\n      dhcp4: true\n'),
      file('network: [\n', '/etc/netplan/b.yaml'),
    ],
    '/etc/netplan/b.yaml cannot be read as YAML',
  ],
  'one line': [
    [file('network:\n  ethernets:\n    eth0: {dhcp4: true}\n')],
    '/etc/netplan/01-host.yaml describes eth0 on one line',
  ],
  'an anchor elsewhere': [
    [
      file(
        'network:\n  ethernets:\n    eth1:\n      nameservers: &dns {addresses: [10.0.0.1]}\n    eth0:\n      addresses: [10.0.0.5/24]\n      nameservers: *dns\n',
      ),
    ],
    'the lines of eth0 in /etc/netplan/01-host.yaml cannot be moved as they are; write them as a plain block',
  ],
}

for (const [name, [files, error]] of Object.entries(refused))
  t.test(`refused: ${name}`, async (t) => {
    t.strictSame(netplanPlan(wanted, files, []), { ok: false, error })
  })
