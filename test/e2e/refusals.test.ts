import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { atEnd } from '../support/cleanup.ts'
import { ofKind } from '../support/events.ts'
import { exits, type HvlabResult } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { virsh } from '../support/libvirt.ts'
import { processes } from '../support/processes.ts'
import { missingForLab } from '../support/requirements.ts'
import { testCache } from '../support/test-cache.ts'
import { must, tool } from '../support/tool.ts'

/** What real libvirt has that is not ours is never touched; a guest that never answers is told with its serial log. */
const minutes = 60_000
const needs = ['qemu-system-x86_64', 'qemu-img', 'qemu-io', 'virsh', 'libvirtd', 'mmdebstrap', 'iptables']
const skip = missingForLab(needs) ?? false
const inStore = ['-i', 'localhost,', '-e', `hvlab_store=${join(testCache, 'store')}`]
const domain = 'hvlab-test-no-mute'

t.test('what hvlab refuses', { skip }, async (t) => {
  const lab = new LabFolder(t)
  const run = (task: string, ms = 2 * minutes) => {
    writeFileSync(
      join(lab.path, 'site.yml'),
      `- hosts: localhost\n  become: true\n  gather_facts: false\n  tasks:\n${task}`,
    )
    return lab.hvlab(['run', 'site.yml', '--format', 'plain', ...inStore], ms)
  }
  await lab.startsLibvirt(t)
  lab.hasGuests(t, 'hvlab-test-no')

  await t.test('a network of somebody else', async (t) => {
    const name = 'hvlab-test-theirs'
    defined(
      t,
      lab,
      'net-define',
      'net-undefine',
      name,
      `<network><name>${name}</name>
<bridge name='hvt-theirs'/><ip address='10.214.8.1' netmask='255.255.255.0'/></network>`,
    )
    const before = virsh('net-dumpxml', name)
    const refused = await run(
      `    - libvirt_network: {lab: hvlab-test-no, name: ${name}, subnet: 10.214.8.0/24}\n`,
    )
    says(t, refused, 'libvirt_network', [
      `A libvirt network named ${name} on localhost was not made by hvlab; it is not touched.`,
      'hint: Give the lab’s network another name: hvlab_network.name.',
    ])
    t.equal(virsh('net-dumpxml', name), before)
  })

  const tasks = (params: string) => `    - image: {name: debian-12}
    - libvirt_network: {lab: hvlab-test-no, name: hvlab-test-no, subnet: 10.214.9.0/24}
    - libvirt_guest: {lab: hvlab-test-no, network: hvlab-test-no, name: mute, memory_mb: 512, vcpus: 1, ${params}}
`

  await t.test('a domain of somebody else', async (t) => {
    defined(
      t,
      lab,
      'define',
      'undefine',
      domain,
      `<domain type='qemu'><name>${domain}</name><memory unit='MiB'>64</memory>
<vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`,
    )
    const before = virsh('dumpxml', domain)
    says(t, await run(tasks('wait: false'), 6 * minutes), 'libvirt_guest', [
      `The domain ${domain} on localhost was not made by hvlab; it is not touched.`,
      'hint: Give the guest another name, or the lab (parameter lab).',
    ])
    t.equal(virsh('dumpxml', domain), before)
  })

  await t.test('guests that cannot be made or started, each with its cause', async (t) => {
    const troubles = troublesOf((parameters) => ({
      libvirt_guest: {
        lab: 'hvlab-test-no',
        network: 'hvlab-test-no',
        vcpus: 1,
        memory_mb: 128,
        accelerator: 'tcg',
        wait: false,
        ...parameters,
      },
    }))
    const tasks = troubles.flatMap(({ before = [], task, after = [] }) => [
      ...before,
      { ...task, ignore_errors: true },
      ...after,
    ])
    writeFileSync(
      join(lab.path, 'site.yml'),
      `- hosts: localhost
  become: true
  gather_facts: false
  tasks:
    - libvirt_network: {lab: hvlab-test-no, name: hvlab-test-no, subnet: 10.214.9.0/24}
${tasks.map((task) => `    - ${JSON.stringify(task)}\n`).join('')}`,
    )
    const { events } = await lab.hvlab(['run', 'site.yml', '--format', 'jsonl', ...inStore], 4 * minutes)
    const failures = ofKind(events, 'task.finished').flatMap(({ outcome }) =>
      outcome.kind === 'failed' ? [outcome.failure] : [],
    )
    for (const [index, { what, says, code }] of troubles.entries()) {
      t.match(failures[index]?.message, says, what)
      t.equal(failures[index]?.code, code, what)
      t.ok(failures[index]?.hint, what)
    }
    t.equal(failures.length, troubles.length)
    exits(t, await lab.hvlab(['down', '--lab', 'hvlab-test-no', ...inStore]), 0)
  })

  await t.test('a guest that never answers', async (t) => {
    exits(t, await run(tasks('wait: false')), 0)
    virsh('destroy', domain)
    const [disk = ''] = /\S+disk\.qcow2/.exec(virsh('domblklist', domain)) ?? []
    // No file system: the kernel comes up and finds nothing to go on with.
    must('qemu-io', ['-c', 'write -z 0 64M', disk])
    const { exitCode, stderr } = await run(tasks('deadline: 300'))
    t.equal(exitCode, 2)
    t.match(
      stderr,
      /Guest hvlab-test-no-mute on localhost accepted no SSH login within \d+ s: its kernel panicked\.\n/,
    )
    t.match(stderr, /│ .*Kernel panic - not syncing/)
    t.match(stderr, /│ last \d+ lines of the serial log:\n( {2}│ .*\n)+/)
    const logs = lab.start(['logs', 'mute', '-f', ...inStore])
    const isFollowed = () => processes().some(({ commandLine }) => /^tail .* -F -- .*mute/.test(commandLine))
    while (!isFollowed() && !logs.ended) await delay(20)
    logs.interrupt()
    const followed = await logs.result()
    exits(t, followed, 130)
    t.match(followed.stdout, /Kernel panic - not syncing/)
    t.equal(followed.stderr, '', 'Ctrl-C is how following ends: nothing is said')
    t.notOk(isFollowed(), 'nothing follows any more')
    exits(t, await lab.hvlab(['down', '--lab', 'hvlab-test-no', ...inStore]), 0)
    t.notOk(virsh('list', '--all', '--name').includes(domain), 'and it can be removed')
  })
})

/** Defines something that is not hvlab's, and takes it away again. */
function defined(t: Test, lab: LabFolder, define: string, undefine: string, name: string, xml: string): void {
  const file = join(lab.path, `${name}.xml`)
  writeFileSync(file, xml)
  const remove = () => void tool('virsh', ['-c', 'qemu:///system', undefine, name])
  // What a test that was killed left.
  remove()
  must('virsh', ['-c', 'qemu:///system', define, file])
  atEnd(t, remove)
}

interface Trouble {
  readonly what: string
  readonly before?: readonly object[]
  readonly task: object
  readonly after?: readonly object[]
  readonly code: string
  readonly says: RegExp
}

/** What docs/troubleshooting.md explains, as far as this machine can be brought to it. */
function troublesOf(guest: (parameters: object) => object): Trouble[] {
  const shell = (command: string) => ({ shell: command })
  const folder = '/var/lib/hvlab/guests'
  const pid = '/run/libvirt/network/hvlab-test-no.pid'
  return [
    {
      what: 'more memory than the machine has',
      task: guest({ name: 'big', memory_mb: 40_000_000 }),
      code: 'guests-do-not-fit',
      says: /^The guests do not fit on localhost: not enough memory: \d+ MB of memory are available and 1 guest with QEMU needs 40000200 MB\.$/,
    },
    {
      what: 'the same, and meant',
      task: guest({ name: 'big', memory_mb: 40_000_000, overcommit: true }),
      code: 'guest-not-started',
      says: /did not start: the host has too little free memory for it\.$/,
    },
    {
      what: 'a CPU that the accelerator cannot give',
      task: guest({ name: 'cpu', cpu: 'host-passthrough' }),
      code: 'guest-not-started',
      says: /did not start: the host cannot give it this CPU model\.$/,
    },
    {
      what: 'UEFI for an image without a boot loader',
      task: guest({ name: 'uefi', firmware: 'uefi' }),
      code: 'guest-cannot-boot',
      says: /^Guest uefi is to boot by UEFI, but image debian-12 has no boot loader\.$/,
    },
    {
      what: 'huge pages that nobody set aside',
      task: guest({ name: 'huge', hugepages: '1G', memory_mb: 1024 }),
      code: 'guest-not-started',
      says: /did not start: the host has too few free huge pages of that size\.$/,
    },
    {
      what: 'a disk that is gone',
      before: [
        guest({ name: 'gone', state: 'present' }),
        shell(`rm ${folder}/hvlab-test-no-gone/disk.qcow2`),
      ],
      task: guest({ name: 'gone' }),
      code: 'guest-not-started',
      says: /did not start: one of its files is not there any more\.$/,
    },
    {
      what: 'a folder that QEMU may not enter',
      before: [guest({ name: 'shut', state: 'present' }), shell(`chmod 700 ${folder}/hvlab-test-no-shut`)],
      task: guest({ name: 'shut' }),
      code: 'guest-not-started',
      says: /did not start: QEMU’s user may not read one of its files\.$/,
    },
    {
      what: 'a network that somebody stopped',
      before: [
        guest({ name: 'quiet', state: 'present' }),
        shell('virsh -c qemu:///system net-destroy hvlab-test-no'),
      ],
      task: guest({ name: 'quiet' }),
      after: [shell('virsh -c qemu:///system net-start hvlab-test-no')],
      code: 'guest-not-started',
      says: /did not start: its network does not run\.$/,
    },
    {
      what: 'a DHCP server that died',
      before: [shell(`kill $(cat ${pid}) && while kill -0 $(cat ${pid}); do sleep 0.1; done`)],
      task: guest({ name: 'quiet', wait: true, deadline: 3 }),
      code: 'guest-not-reachable',
      says: /accepted no SSH login within \d+ s: the DHCP server of network hvlab-test-no does not run\.$/,
    },
  ]
}

function says(t: Test, { exitCode, stderr }: HvlabResult, task: string, lines: readonly string[]): void {
  t.equal(exitCode, 2)
  const [, ...told] = stderr.slice(stderr.indexOf('✖ ')).trimEnd().split('\n')
  t.same(
    told.slice(0, lines.length).map((line) => line.trim()),
    lines,
    task,
  )
}
