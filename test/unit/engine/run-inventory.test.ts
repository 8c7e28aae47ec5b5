import t from 'tap'
import { RunInventory } from '../../../src/engine/run-inventory.ts'

t.test(
  'groups have the hosts that sources name and those that a run adds, not the implicit localhost',
  async (t) => {
    const inventory = new RunInventory({
      sources: [],
      groups: new Map([['all', { name: 'all', hosts: ['a'], children: [], vars: {}, depth: 0 }]]),
      hosts: new Map([
        ['a', { name: 'a', groups: ['all'], vars: {} }],
        ['localhost', { name: 'localhost', groups: [], vars: {} }],
      ]),
    })
    inventory.add({ name: 'new', groups: ['guests'], vars: {} })
    t.same(
      [...inventory.groupHosts()],
      [
        ['all', ['a', 'new']],
        ['guests', ['new']],
      ],
    )
  },
)
