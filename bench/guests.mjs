#!/usr/bin/env node
// Guests on this machine: what making one takes, step by step (asked: a second); applying it again; the time until SSH
// against virt-install with the same image, memory, network and accelerator, in turns: `node bench/guests.mjs [ROUNDS [steps|login]]`.
// Root, and what `hvlab up quick` needs. Everything is of the lab `bench`, which is removed in the end.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from './median.mjs'
import { cleaningUp, has, output, rotated, seconds } from './programs.mjs'

const [rounds = '2', part] = process.argv.slice(2)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const store = process.env.HVLAB_STORE ?? '/var/tmp/hvlab-bench/store'
const lab = mkdtempSync(join(tmpdir(), 'hvlab-guests-'))
const env = { ...process.env, XDG_STATE_HOME: join(lab, 'state'), XDG_CACHE_HOME: join(lab, 'cache') }
const must = (command, args, options) => output(command, args, { cwd: lab, env, ...options })
const hvlab = (...args) => must(process.execPath, [join(root, 'bin/hvlab.mjs'), ...args])
const virsh = (...args) => must('virsh', ['-q', '-c', 'qemu:///system', ...args])

const network = 'hvbench'
/** virt-install's guest and its files; libvirt's processes must be able to reach them. */
const other = { name: 'bench-virt-install', mac: '52:54:00:be:0c:01', folder: '/var/lib/hvlab-bench' }
const shape = { vcpus: 1, memory_mb: 1024, disk_gb: 10 }
const crowd = 4
const prepare = `stages:
  - name: image
    hosts: localhost
    become: true
    gather_facts: false
    roles: [image_builder]
    tasks: [image: {name: debian-12}]
  - name: hypervisor
    hosts: hypervisors
    become: true
    roles: [hypervisor]
    tasks: [libvirt_network: {lab: bench, name: ${network}}]
`

await cleaningUp(guests, async () => {
  await removeOther()
  rmSync(other.folder, { recursive: true, force: true })
  await hvlab('down', '--lab', 'bench')
  rmSync(lab, { recursive: true })
})

async function guests() {
  mkdirSync(join(lab, 'pipelines'))
  writeFileSync(join(lab, 'pipelines/prepare.yml'), prepare)
  await hvlab('up', 'prepare', '-e', `hvlab_store=${store}`)
  console.log(`${cpus().length} processors; load before: ${loadavg()[0]}`)
  if (part !== 'login') await steps()
  if (part !== 'steps') await untilLogin()
}

/** Events of one module on this machine. */
async function module(name, params) {
  const words = ['exec', 'hypervisors', '--become', '-m', name, '-a', JSON.stringify(params)]
  const lines = await hvlab(...words, '-e', `hvlab_store=${store}`, '--format', 'jsonl')
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function guest(name, more) {
  return module('libvirt_guest', { lab: 'bench', name, image: 'debian-12', network, ...shape, ...more })
}

/** What each change of a task took: until the next one, or the task's end. */
async function steps() {
  const times = new Map()
  const totals = []
  for (let round = 0; round < Number(rounds); round += 1) {
    const events = await guest('crowd', { count: crowd, wait: false })
    const marks = events.filter(({ kind }) => /^task\.(started|change|finished)$/.test(kind))
    for (const [index, { kind, summary, time }] of marks.entries()) {
      if (kind === 'task.finished') continue
      const took = Date.parse(marks[index + 1].time) - Date.parse(time)
      const step =
        kind === 'task.started'
          ? 'look and plan'
          : summary.replace(/\bcrowd\d.*|\bbench-crowd.*|: .*/, '').trim()
      times.set(step, [...(times.get(step) ?? []), took])
    }
    totals.push(events.find(({ kind }) => kind === 'task.finished').durationMs)
    await guest('crowd', { count: crowd, state: 'absent' })
  }
  console.log(
    `\n${crowd} guests at once, without waiting for their boot: milliseconds (median, and how often)`,
  )
  for (const [step, all] of times)
    console.log(`  ${step.padEnd(34)} ${median(all).toFixed(0).padStart(6)}   ${all.length / totals.length}×`)
  console.log(
    `  ${'for each guest, all of it'.padEnd(34)} ${(median(totals) / crowd).toFixed(0).padStart(6)}   asked: 1000`,
  )
}

async function untilLogin() {
  const hasVirtInstall = await has('virt-install')
  const image = JSON.parse(await hvlab('image', 'show', 'debian-12', '--store', store, '--format', 'json'))
  const ways = {
    hvlab: async () => {
      const events = await guest('alone', {})
      const { data } = events.find(({ kind }) => kind === 'task.finished')
      return data.guests[0]
    },
    ...(hasVirtInstall ? { 'virt-install': () => virtInstall(image, accelerator) } : {}),
  }
  let accelerator
  const times = { hvlab: [], 'virt-install': [], again: [] }
  for (let round = 0; round < Number(rounds); round += 1)
    // hvlab comes first in the first round: it finds out whether KVM works.
    for (const way of rotated(Object.keys(ways), round)) {
      let made
      times[way].push(
        await seconds(way, async () => {
          made = await ways[way]()
        }),
      )
      if (way === 'virt-install') await removeOther()
      else {
        accelerator = made.accelerator.type
        times.again.push(await seconds('again', () => guest('alone', {})))
        await guest('alone', { state: 'absent' })
      }
    }
  console.log(`\none guest, ${accelerator}, from the command until a login by SSH: seconds`)
  const base = median(times.hvlab)
  for (const way of Object.keys(ways)) line(way, times[way], base)
  console.log('\nthe same declared again, which changes nothing: seconds')
  line('hvlab', times.again, base)
  if (!hasVirtInstall) console.log('\nvirt-install (package virtinst): not installed, skipped')
  if (!(await has('vagrant'))) console.log('\nvagrant with vagrant-libvirt: not installed, skipped')
  else console.log('\nvagrant with vagrant-libvirt: not compared, no box is made of the image')
}

function line(name, all, base) {
  console.log(
    `  ${name.padEnd(14)} ${median(all).toFixed(1).padStart(6)}   ${(median(all) / base).toFixed(2)}   (${all.map((one) => one.toFixed(1)).join(', ')})`,
  )
}

/** What a person would do: an overlay, a seed with a user and a key, virt-install, then trying to log in. */
async function virtInstall({ folder, cmdline }, accelerator) {
  mkdirSync(other.folder, { recursive: true, mode: 0o755 })
  const [disk, seed] = [join(other.folder, 'disk.qcow2'), join(other.folder, 'seed.iso')]
  const key = join(lab, 'state/hvlab/id_ed25519')
  const publicKey = (await must('ssh-keygen', ['-y', '-f', key])).trim()
  const users = [
    { name: 'hvlab', sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/bin/bash', ssh_authorized_keys: [publicKey] },
  ]
  writeFileSync(join(lab, 'user-data'), `#cloud-config\n${JSON.stringify({ users })}\n`)
  const identity = { 'instance-id': `bench-${Date.now()}`, 'local-hostname': other.name, dsmode: 'local' }
  writeFileSync(join(lab, 'meta-data'), JSON.stringify(identity))
  const backing = ['-F', 'qcow2', '-b', join(folder, 'image.qcow2')]
  await must('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, disk, `${shape.disk_gb}G`])
  const iso = ['-quiet', '-V', 'cidata', '-J', '-r', '-o', seed]
  await must('xorriso', ['-as', 'mkisofs', ...iso, join(lab, 'user-data'), join(lab, 'meta-data')])
  const boot = `kernel=${join(folder, 'vmlinuz')},initrd=${join(folder, 'initrd')},kernel_args=${cmdline}`
  await must('virt-install', [
    ...[
      '--connect',
      'qemu:///system',
      '--name',
      other.name,
      '--virt-type',
      accelerator === 'kvm' ? 'kvm' : 'qemu',
    ],
    ...[
      '--vcpus',
      String(shape.vcpus),
      '--memory',
      String(shape.memory_mb),
      '--osinfo',
      'detect=on,require=off',
    ],
    ...['--import', '--disk', `path=${disk},bus=virtio`, '--disk', `path=${seed},bus=virtio,readonly=on`],
    ...[
      '--network',
      `network=${network},model=virtio,mac=${other.mac}`,
      '--graphics',
      'none',
      '--noautoconsole',
    ],
    ...['--boot', boot],
  ])
  const login = ['-F', 'none', '-i', key, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=1']
  const unpinned = [
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'LogLevel=ERROR',
  ]
  const deadline = performance.now() + 300_000
  for (;;) {
    const leases = await virsh('net-dhcp-leases', network, '--mac', other.mac)
    // cloud-init's own network configuration asks by another name, and gets another address than the image's did before.
    for (const [, address] of leases.matchAll(/(\d+\.\d+\.\d+\.\d+)\//g)) {
      const words = [...login, ...unpinned, `hvlab@${address}`, 'true']
      if ((await must('ssh', words, { allowFailure: true })) !== undefined) return
    }
    if (performance.now() > deadline) throw new Error('virt-install: no login within 300 s')
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

async function removeOther() {
  for (const words of [['destroy'], ['undefine', '--nvram']])
    await must('virsh', ['-q', '-c', 'qemu:///system', ...words, other.name], { allowFailure: true })
}
