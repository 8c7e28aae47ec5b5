import t from 'tap'
import { GuestNames } from '../../../src/commands/guest-names.ts'
import type { Event, TaskFinished } from '../../../src/model/event.ts'
import type { Inventory } from '../../../src/model/host.ts'
import type { Vars } from '../../../src/model/value.ts'
import { failureOf } from '../../support/failure-of.ts'

function answered(
  host: string,
  guests: readonly Vars[],
  outcome: TaskFinished['outcome'] = { kind: 'ok' },
): Event {
  const hypervisor = { kind: 'local' }
  return {
    time: '2026-01-05T10:00:00.000Z',
    kind: 'task.finished',
    stage: 'find-guests',
    host,
    task: 'find-guests/0',
    name: 'libvirt_lab',
    module: 'libvirt_lab',
    outcome,
    durationMs: 1,
    fingerprint: '',
    data: { guests: [...guests], hypervisor, networks: [], damaged: [] },
  }
}

function guest(name: string, host: string, state = 'running'): Vars {
  const texts = {
    address: '192.0.2.9',
    image: 'x',
    lab: 'lab',
    created: '',
    user: 'u',
    host_key: '',
    key_file: '',
  }
  return { ...texts, name, host, domain: `lab-${name}`, state, accelerator: { type: 'tcg', reason: '' } }
}

/** What the engine knows after it asked: guests that run are hosts. */
const names = ['node1', 'node2', 'g1.node1', 'g1.node2', 'g2']
const inventory: Inventory = {
  sources: [],
  hosts: new Map(names.map((name) => [name, { name, groups: ['all'], vars: {} }])),
  groups: new Map([
    ['all', { name: 'all', hosts: names, children: [], vars: {}, depth: 0 }],
    ['guests', { name: 'guests', hosts: names.slice(2), children: [], vars: {}, depth: 1 }],
  ]),
}

function known(): GuestNames {
  const found = new GuestNames()
  found.learn(answered('node1', [guest('g1', 'g1.node1'), guest('g2', 'g2')]), 'find-guests')
  found.learn(answered('node2', [guest('g1', 'g1.node2'), guest('g3', 'g3', 'stopped')]), 'find-guests')
  return found
}

t.test('guests are known by all their names', async (t) => {
  const cases: Readonly<Record<string, string[]>> = {
    'g1.node1': ['g1.node1'],
    g2: ['g2'],
    'lab-g2': ['g2'],
    g1: ['g1.node1', 'g1.node2'],
    'lab-g1': ['g1.node1', 'g1.node2'],
    'lab-*': ['g1.node1', 'g2', 'g1.node2'],
    'g*': ['g1.node1', 'g1.node2', 'g2'],
    '*.node2': ['g1.node2'],
    'guests:!g1': ['g2'],
    'guests:!g1.node1': ['g1.node2', 'g2'],
    'node1,g2': ['node1', 'g2'],
    'node1:g1': ['node1', 'g1.node1', 'g1.node2'],
    'g1[1]': ['g1.node2'],
  }
  for (const [pattern, hosts] of Object.entries(cases))
    t.same([...known().match(inventory, pattern)].sort(), hosts.sort(), pattern)
})

t.test('a name of nothing is refused, whatever else is named', async (t) => {
  const refused = (pattern: string, names = known()) => failureOf(() => names.match(inventory, pattern))
  t.match(await refused('g2,g22'), {
    code: 'no-hosts-matched',
    message: 'There is no host, group or guest called "g22".',
    hint: /g2/,
  })
  t.match(await refused('g3'), {
    code: 'guest-not-running',
    message: 'Guest g3 on node2 does not run.',
    hint: '`hvlab start g3` makes it run.',
  })
  const partly = known()
  const failure = { reason: 'unreachable', code: 'ssh-refused', message: 'x' } as const
  partly.learn(answered('node3', [], { kind: 'unreachable', failure }), 'find-guests')
  t.match(await refused('elsewhere', partly), { hint: /^node3 gave no answer and may have it\. / })
})

t.test('what another stage says, and what cannot be read, names nobody', async (t) => {
  const names = new GuestNames()
  names.learn(answered('node1', [guest('g1', 'g1.node1')]), 'another')
  names.learn(answered('node1', [{ name: 7 }]), 'find-guests')
  t.match(await failureOf(() => names.match(inventory, 'lab-g1')), { code: 'no-hosts-matched' })
})
