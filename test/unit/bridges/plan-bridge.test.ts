import t from 'tap'
import type { Card } from '../../../src/bridges/card-fact.ts'
import { planBridge } from '../../../src/bridges/plan-bridge.ts'
import { FailureError } from '../../../src/model/failure.ts'

const uuids = ['22222222-2222-5222-8222-222222222222', '33333333-3333-5333-8333-333333333333'] as const
const card: Card = {
  mac: '52:54:00:12:34:56',
  ethernet: true,
  wireless: false,
  master: undefined,
  interfaces: ['lo', 'eth0', 'virbr0'],
  cards: ['eth0'],
  netplan: [],
  ifupdown: [{ path: '/etc/network/interfaces', text: 'auto eth0\niface eth0 inet dhcp\n' }],
  networkManager: undefined,
  networkd: undefined,
}
const networkd = {
  file: { path: '/etc/systemd/network/10-eth0.network', text: '[Match]\nName=eth0\n' },
  dropIns: [],
  dhcp: [],
}
const plan = (state: Card, bridge = 'br0') => planBridge({ bridge, card: 'eth0' }, state, 'node1', uuids)

t.test('whoever looks after the card now', async (t) => {
  const netplan = [
    { path: '/etc/netplan/a.yaml', text: 'network:\n  ethernets:\n    eth0:\n      dhcp4: true\n' },
  ]
  const networkManager = { uuid: '11111111-1111-4111-8111-111111111111', dhcp: {} }
  t.equal(plan(card).service, 'ifupdown')
  t.equal(plan({ ...card, networkd }).service, 'systemd-networkd')
  t.equal(plan({ ...card, networkd, networkManager }).service, 'NetworkManager')
  t.equal(plan({ ...card, networkd, networkManager, netplan }).service, 'netplan')
  t.equal(
    plan({ ...card, networkd, netplan: [{ path: '/etc/netplan/a.yaml', text: 'network: {version: 2}\n' }] })
      .service,
    'systemd-networkd',
    'netplan is installed, and has nothing of the card',
  )
})

const refused: Record<string, [Partial<Card>, string, string]> = {
  'no such card': [{ mac: undefined }, 'node1 has no network card eth0.', 'It has: eth0.'],
  wireless: [{ wireless: true }, 'eth0 of node1 is wireless', 'Use mode nat or routed.'],
  'no Ethernet': [{ ethernet: false }, 'eth0 of node1 is no Ethernet card.', 'Its cards are: eth0.'],
  'a port of a bond': [
    { master: 'bond0' },
    'eth0 of node1 is a port of bond0 already.',
    'If bond0 is a bridge, set bridge: bond0 and leave card out.',
  ],
  'the name is taken': [
    { interfaces: ['eth0', 'br0'] },
    'node1 has an interface br0 already, and eth0 is not a port of it.',
    'Choose another name for the bridge.',
  ],
  'nobody looks after it': [
    { ifupdown: [] },
    'so nothing would bring the bridge back after a reboot.',
    'Make the bridge as this host makes its network, and set bridge: br0 without card.',
  ],
}

for (const [name, [change, message, hint]] of Object.entries(refused))
  t.test(`refused: ${name}`, async (t) => {
    try {
      plan({ ...card, ...change })
      t.fail('nothing was thrown')
    } catch (error) {
      if (!(error instanceof FailureError)) throw error
      t.match(error.failure, { reason: 'module', code: 'bridge-card', hint })
      t.ok(error.failure.message.includes(message), error.failure.message)
    }
  })

t.test('what cannot be rewritten is said by the service that has it', async (t) => {
  const text = 'network:\n  ethernets:\n    eth0: {dhcp4: true}\n'
  const generated = {
    ...networkd,
    file: { ...networkd.file, path: '/run/systemd/network/10-netplan-eth0.network' },
  }
  try {
    plan({ ...card, networkd: generated, netplan: [{ path: '/etc/netplan/a.yaml', text }] })
    t.fail('nothing was thrown')
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    t.match(error.failure, {
      code: 'bridge-config',
      message:
        'The network configuration of node1 cannot be rewritten: /etc/netplan/a.yaml describes eth0 on one line.',
    })
  }
})
