import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Event } from '../../src/model/event.ts'
import { changedTasks, ofKind } from '../support/events.ts'
import { endsWell, exits } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { added, machineState, virsh } from '../support/libvirt.ts'
import { familyOf, processes } from '../support/processes.ts'
import { missingForLab } from '../support/requirements.ts'
import { testCache } from '../support/test-cache.ts'
import { tool } from '../support/tool.ts'

/**
 * A deployment that is killed at each of its steps: `down` finds by metadata whatever is there and leaves nothing, and
 * `up` goes on from whatever is there. Guests are started and not waited for: what they do in them is another test's.
 */
const minutes = 60_000
const needs = ['qemu-system-x86_64', 'qemu-img', 'virsh', 'libvirtd', 'mmdebstrap', 'iptables', 'ip']
const skip = missingForLab(needs) ?? false
const name = 'hvlab-test-k'
const port = 18024
const inStore = ['-i', 'localhost,', '-e', `hvlab_store=${join(testCache, 'store')}`]

t.test('runs that are killed', { skip }, async (t) => {
  const lab = new LabFolder(t)
  await lab.startsLibvirt(t)
  writeFileSync(
    join(lab.path, 'site.yml'),
    `- hosts: localhost
  become: true
  gather_facts: false
  tasks:
    - image: {name: debian-12}
    - libvirt_network: {lab: ${name}, name: ${name}, subnet: 10.214.33.0/24}
    - libvirt_guest:
        lab: ${name}
        name: one
        network: ${name}
        vcpus: 1
        memory_mb: 256
        disks: [{name: data, size_gb: 1}]
        ports: ["${port}:22"]
        accelerator: tcg
        wait: false
`,
  )
  const up = ['run', 'site.yml', '--format', 'jsonl', ...inStore]
  const down = async (what: string) => {
    exits(t, await lab.hvlab(['down', '--lab', name, ...inStore.slice(0, 2)], minutes), 0)
    t.same(remains(before), [], `${what}: nothing is left`)
  }
  lab.hasGuests(t, name)
  const before = machineState()

  const whole = await lab.hvlab(up, 6 * minutes)
  endsWell(t, whole)
  const steps = ofKind(whole.events, 'task.change').map(({ summary }) => summary)
  t.same(
    steps.map((step) => step.split(' ').slice(0, 3).join(' ')),
    [
      `create network ${name}`,
      'create the disk',
      'create disk data',
      'write the seed',
      'reserve 10.214.33.133 for',
      `define domain ${name}-one:`,
      `open port ${port}`,
      'start one',
    ],
  )
  await down('a whole deployment')

  /** Kills a run when it announces its step with that number; with everything that it started, or alone. */
  const killAt = async (step: number, family: boolean) => {
    let seen = -1
    const onEvent = ({ kind }: Event) => {
      if (kind !== 'task.change') return
      seen += 1
      if (seen !== step) return
      for (const pid of family ? familyOf(run.pid) : [run.pid]) killNow(pid)
    }
    const run = lab.start(up, 2 * minutes, { onEvent })
    await t.rejects(run.result(), { message: /ended by SIGKILL/ }, `killed: ${steps[step]}`)
  }

  for (const [step, summary] of steps.entries()) {
    // Killed alone, its commands go on to their end, as on another host.
    const family = step % 2 === 1
    await killAt(step, family)
    await down(`killed at: ${summary}`)
    if (!family) continue
    await killAt(step, family)
    endsWell(t, await lab.hvlab(up, minutes))
    t.ok(virsh('list', '--name').split('\n').includes(`${name}-one`), 'up again: the guest runs')
    await down(`killed at: ${summary}, then up again`)
  }

  endsWell(t, await lab.hvlab(up, minutes))
  const second = await lab.hvlab(up, minutes)
  endsWell(t, second)
  t.same(changedTasks(second.events), [], 'a second run changes nothing')
  await down('at the end')

  await t.test('everything crashes, libvirt too', { skip: withSystemd() }, async (t) => {
    endsWell(t, await lab.hvlab(up, minutes))
    const run = '/run/libvirt'
    for (const file of [
      `/run/libvirtd.pid`,
      '/run/virtlogd.pid',
      `${run}/qemu/${name}-one.pid`,
      `${run}/network/${name}.pid`,
    ])
      killNow(Number(readFileSync(file, 'utf8')))
    const asked = await lab.hvlab(['status', ...inStore.slice(0, 2)])
    t.match(asked, { exitCode: 2, stderr: /libvirt on localhost does not answer: the daemon does not run\./ })
    const shown = await lab.hvlab([
      'down',
      '--check',
      '--format',
      'jsonl',
      '--lab',
      name,
      ...inStore.slice(0, 2),
    ])
    t.match(
      ofKind(shown.events, 'task.change').map(({ summary }) => summary),
      ['start virtlogd', 'start libvirtd', new RegExp(`^remove what hvlab defined: .*${name}`)],
    )
    await down('everything crashed')
  })
})

/** systemd starts libvirt again by itself. */
function withSystemd(): string | false {
  return existsSync('/run/systemd/system') && 'systemd is PID 1'
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Whatever of the lab is still on this machine. */
function remains(before: ReturnType<typeof machineState>): string[] {
  const folders = ['/var/lib/hvlab/forwards', '/var/lib/libvirt/qemu/nvram', '/var/lib/libvirt/qemu/save']
  const files = folders.flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((file) => `${folder}/${file}`) : [],
  )
  const named = [
    ...virsh('list', '--all', '--name').split('\n'),
    ...virsh('net-list', '--all', '--name').split('\n'),
    ...processes().map(({ commandLine }) => commandLine),
    ...tool('iptables', ['-w', '-S']).stdout.split('\n'),
  ]
  return [
    ...added(before, machineState()),
    ...files,
    ...named.filter((line) => line.includes(name) || line.includes(String(port))),
  ]
}
