import t from 'tap'
import { printDrift } from '../../../src/commands/plan-drift.ts'

t.test('what plan says of guests', async (t) => {
  const guest = {
    ...{ hypervisor: 'node1', name: 'guest1', host: 'guest1.node1', domain: 'hvlab-guest1' },
    ...{ state: 'running', wanted: 'running', needs: 'nothing' as const, differences: [], drift: [] },
  }
  const text = printDrift(
    {
      guests: [
        guest,
        {
          ...guest,
          ...{ hypervisor: 'node2', host: 'guest1.node2', needs: 'recreate' as const },
          differences: [
            { name: 'vcpus', text: 'vcpus 2 → 4', needs: 'restart' as const },
            { name: 'image', text: 'image a → b', needs: 'recreate' as const },
          ],
          drift: ['cpu: runs with qemu64\u001b[2J'],
        },
        { ...guest, ...{ hypervisor: 'node3', host: 'guest1.node3', state: null, needs: 'create' as const } },
      ],
      others: [{ hypervisor: 'node1', name: 'old', domain: 'hvlab-old', state: 'stopped' }],
    },
    false,
  )
  t.same(text.split('\n'), [
    'Guests, as the hosts say',
    '  HOST   GUEST         STATE    WANTED   NEEDS        DRIFT',
    '  node1  guest1.node1  running  running  nothing      none',
    '  node2  guest1.node2  running  running  re-creation  1',
    '  node3  guest1.node3  none     running  creation     none',
    '',
    '  guest1.node2: vcpus 2 → 4 (a restart)',
    '  guest1.node2: image a → b (re-creation)',
    '  guest1.node2: drift: cpu: runs with qemu64',
    '  hvlab-old on node1 (stopped) is not in this pipeline',
    '',
  ])
  t.equal(
    printDrift({ guests: [], others: [] }, false),
    'Guests, as the hosts say\n  This pipeline declares no guests here.\n',
  )
})
