import t from 'tap'
import { type HostSettings, hostSettings } from '../../../src/lab/host/host-settings.ts'
import { inWords, tuningSteps, type WantedTuning } from '../../../src/lab/host/tuning.ts'
import type { Fact } from '../../../src/model/fact.ts'
import { cpusOf } from '../../../src/util/cpu-list.ts'

/** A server of two nodes as it answers; the kernel's formats are those of its documentation. */
const server = `
@@thp
/sys/kernel/mm/transparent_hugepage/enabled yes always [madvise] never

@@ksm
/sys/kernel/mm/ksm/run yes 0

@@governor
/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor yes schedutil
/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor yes performance

@@numa_balancing
/proc/sys/kernel/numa_balancing yes 1

@@hugepages_2m
/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages yes 0

@@hugepages_1g

@@governors
performance schedutil 

@@before
/sys/kernel/mm/ksm/run 1
/etc/shadow x
/sys/$(reboot) 1

@@boot

@@grub

@@tool
/usr/sbin/update-grub

@@isolated

@@online
0-3

@@nodes
0-1

@@systemd
yes
`
const read = (text: string) =>
  (hostSettings as Fact<[], HostSettings>).parse({ stdout: text, stderr: '', exitCode: 0 } as never)
const steps = (wanted: Partial<WantedTuning>, text = server) =>
  tuningSteps({ values: {}, persist: true, ...wanted }, read(text), 'node1')
const summaries = (wanted: Partial<WantedTuning>, text = server) =>
  steps(wanted, text).map(({ summary }) => summary)

t.test('what a host offers', async (t) => {
  t.equal(
    inWords(read(server)),
    'transparent huge pages: madvise (of always, madvise, never); kernel samepage merging: off; the CPU frequency governor: ' +
      'schedutil and performance (of performance, schedutil); automatic NUMA balancing: on; huge pages of 2 MiB: 0; ' +
      'huge pages of 1 GiB: not in this kernel; isolated CPUs: none of 0-3; NUMA nodes: 0-1',
  )
  t.same(
    [...read(server).before],
    [['/sys/kernel/mm/ksm/run', '1']],
    'only values of the kernel are given back',
  )
  t.match(inWords(read(server.replace('enabled yes', 'enabled no'))), /never\), read-only here;/)
})

t.test('what has to be done', async (t) => {
  t.same(
    summaries({
      values: { thp: 'always', ksm: '0', governor: 'performance', numa_balancing: '0' },
      isolated: '2-3',
    }),
    [
      'set transparent huge pages to always (was madvise)',
      'set the CPU frequency governor to performance (was schedutil)',
      'set automatic NUMA balancing to off (was on)',
      'create /etc/tmpfiles.d/hvlab-tuning.conf',
      'create /etc/default/grub.d/hvlab-isolated-cpus.cfg',
    ],
  )
  const [file] = steps({ values: { governor: 'performance' } }).slice(-1)
  t.equal(
    file?.diff?.after,
    `# Written by hvlab: role tuning
w /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor - - - - performance
w /sys/devices/system/cpu/cpu1/cpufreq/scaling_governor - - - - performance
`,
  )
  const [grub] = steps({ values: { ksm: '0' }, persist: false, isolated: '2' })
  t.equal(
    grub?.diff?.after,
    `# Written by hvlab: role tuning
GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT isolcpus=2 nohz_full=2 rcu_nocbs=2"
`,
  )
})

t.test('what nobody asks for any more goes back', async (t) => {
  const set = server
    .replace('@@boot\n', '@@boot\n# Written by hvlab: role tuning\nw /sys/kernel/mm/ksm/run - - - - 0\n')
    .replace('@@grub\n', '@@grub\nGRUB_CMDLINE_LINUX_DEFAULT=x\n')
  t.same(summaries({}, set), [
    'set kernel samepage merging back to on, which it was',
    'remove /etc/tmpfiles.d/hvlab-tuning.conf',
    'remove /etc/default/grub.d/hvlab-isolated-cpus.cfg',
  ])
})

t.test('what a host cannot do is refused before anything is done', async (t) => {
  const cases: [Partial<WantedTuning>, string, string?][] = [
    [
      { values: { thp: 'always', hugepages_1g: '1' } },
      'node1 has no setting for huge pages of 1 GiB: its kernel does not offer it, or the machine cannot do it.',
    ],
    [
      { values: { governor: 'powersave' } },
      'node1 has no powersave for the CPU frequency governor: it offers performance, schedutil.',
    ],
    [
      { values: { thp: 'never' } },
      'node1 does not let transparent huge pages be changed: /sys/kernel/mm/transparent_hugepage/enabled is read-only.',
      server.replace('enabled yes', 'enabled no'),
    ],
    [{ isolated: '3-5' }, 'node1 has no CPU 4, 5 to isolate: it runs 0-3.'],
    [{ isolated: '0-3' }, 'node1 has the CPUs 0-3; one at least must be left for everything else.'],
    [
      { isolated: '3' },
      'node1 has no update-grub: hvlab cannot change its kernel’s command line.',
      server.replace('/usr/sbin/update-grub', ''),
    ],
  ]
  for (const [wanted, message, text] of cases) t.throws(() => steps(wanted, text), { message }, message)
  t.same(
    summaries({ values: { thp: 'madvise' }, persist: false }, server.replace('enabled yes', 'enabled no')),
    ['set kernel samepage merging back to on, which it was'],
    'what is as wanted need not be writable',
  )
})

t.test('lists of CPUs', async (t) => {
  t.same(cpusOf('0-3,6,6'), [0, 1, 2, 3, 6])
  for (const wrong of ['', '3-1', 'a', '1,', '0-99999', '-1']) t.equal(cpusOf(wrong), null, wrong)
})
