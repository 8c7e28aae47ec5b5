import t from 'tap'
import { ofKind } from '../support/events.ts'
import { endsWell } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { missingForLab } from '../support/requirements.ts'
import { testCache } from '../support/test-cache.ts'

const skip = missingForLab([]) ?? false

/** What a machine has decides which guests there are: told here, because no machine has all of it. */
const kvm = { hvlab_accelerator: { type: 'kvm', reason: 'a test says so' } }
const pinning = { vcpus: ['0', '1'] }
const placements = [
  { what: 'The guest float-thp', why: '', guest: { name: 'float-thp' } },
  { what: 'The guest pinned-2m', why: 'there are no huge pages', guest: { name: 'pinned-2m' } },
  { what: 'The guest siblings-4k', why: '', guest: { name: 'siblings-4k', pinning, hugepages: 'never' } },
  {
    what: 'The guest cross-numa-2m',
    why: '',
    guest: { name: 'cross-numa-2m', pinning, numa: { nodes: '1', mode: 'strict' }, hugepages: '2M' },
  },
]
const cases: [setting: string, machine: object, guests: string[]][] = [
  ['disk-cache', {}, ['writeback', 'none', 'writethrough', 'directsync', 'unsafe']],
  ['pinning', { hvlab_placements: placements }, ['float-thp', 'siblings-4k', 'cross-numa-2m']],
  ['accelerator', kvm, ['tcg', 'kvm']],
  // No image yet, so no kernel that KVM could be tried with.
  [
    'disk-cache',
    { hvlab_store: '/var/tmp/hvlab-test/none' },
    ['writeback', 'none', 'writethrough', 'directsync', 'unsafe'],
  ],
]

for (const [setting, machine, guests] of cases)
  t.test(`up settings: ${setting}, ${JSON.stringify(machine)}`, { skip }, async (t) => {
    const variables = {
      // Not those of a lab that may be on this machine.
      hvlab_lab: 'settings',
      hvlab_network: { name: 'hvlab-test-settings', subnet: '192.168.122.0/24', mode: 'nat' },
      hvlab_setting: setting,
      hvlab_store: `${testCache}/store`,
      hvlab_overcommit: true,
      ...machine,
    }
    const run = await new LabFolder(t).hvlab(
      ['up', 'settings', '--check', '--format', 'jsonl', '-e', JSON.stringify(variables)],
      120_000,
    )
    endsWell(t, run)
    t.strictSame(
      ofKind(run.events, 'task.change').flatMap(
        ({ summary }) => summary.match(/^create and start guest (\S+)/)?.[1] ?? [],
      ),
      guests,
    )
  })
