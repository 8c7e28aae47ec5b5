#!/usr/bin/env node
// Guests on this machine: what making one takes, step by step (asked: a second); applying it again; the time until SSH against virt-install
// and Vagrant with vagrant-libvirt, with the same image, memory, network and accelerator, in turns: `node bench/guests.mjs [ROUNDS [steps|login]]`.
// Root, and what `hvlab up quick` needs. Everything is of the lab `bench`, which is removed in the end.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from './median.mjs'
import { cleaningUp, output, rotated, seconds } from './programs.mjs'
import { vagrant } from './vagrant.mjs'
import { virtInstall } from './virt-install.mjs'

const [rounds = '2', part] = process.argv.slice(2)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const store = process.env.HVLAB_STORE ?? '/var/tmp/hvlab-bench/store'
const lab = mkdtempSync(join(tmpdir(), 'hvlab-guests-'))
const env = { ...process.env, XDG_STATE_HOME: join(lab, 'state'), XDG_CACHE_HOME: join(lab, 'cache') }
const hvlab = (...args) => output(process.execPath, [join(root, 'bin/hvlab.mjs'), ...args], { cwd: lab, env })

const network = 'hvbench'
/** Other ways to a guest. */
const others = { 'virt-install': virtInstall, vagrant }
/** For their own files on the controller. */
const folder = join(lab, 'others')
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
  await removeOthers()
  await hvlab('down', '--lab', 'bench')
  rmSync(lab, { recursive: true })
})

async function guests() {
  for (const made of [join(lab, 'pipelines'), folder]) mkdirSync(made)
  writeFileSync(join(lab, 'pipelines/prepare.yml'), prepare)
  await hvlab('up', 'prepare', '-e', `hvlab_store=${store}`)
  // What a benchmark that was killed left.
  await removeOthers()
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

/** From the command until a login works, each way in turns. */
async function untilLogin() {
  const bench = {
    folder,
    shape,
    keyFile: join(env.XDG_STATE_HOME, 'hvlab/id_ed25519'),
    image: JSON.parse(await hvlab('image', 'show', 'debian-12', '--store', store, '--format', 'json')),
    network: { name: network, subnet: await subnetOf(network) },
    accelerator: undefined,
  }
  const times = { hvlab: [] }
  for (const [name, way] of Object.entries(others)) {
    if (await way.isThere(bench)) times[name] = []
    else console.log(`\n${name} (package ${way.package}): not installed: skipped`)
  }
  for (const name of Object.keys(times)) await others[name]?.prepare(bench)
  const again = []
  for (let round = 0; round < Number(rounds); round += 1)
    // hvlab comes first in the first round: it finds out whether KVM works.
    for (const name of rotated(Object.keys(times), round)) {
      const way = others[name]
      if (way) {
        times[name].push(await seconds(name, () => way.up(bench)))
        await way.remove(bench)
        continue
      }
      let events
      times.hvlab.push(
        await seconds('hvlab', async () => {
          events = await guest('alone', {})
        }),
      )
      bench.accelerator = events.find(({ kind }) => kind === 'task.finished').data.guests[0].accelerator.type
      again.push(await seconds('again', () => guest('alone', {})))
      await guest('alone', { state: 'absent' })
    }
  console.log(`\none guest, ${bench.accelerator}, from the command until a login by SSH: seconds`)
  const base = median(times.hvlab)
  for (const [name, all] of Object.entries(times)) line(name, all, base)
  console.log('\nthe same declared again, which changes nothing: seconds')
  line('hvlab', again, base)
  console.log(`load after: ${loadavg()[0]}`)
}

async function subnetOf(name) {
  const events = await module('libvirt_lab', { lab: 'bench' })
  const { networks } = events.find(({ kind }) => kind === 'task.finished').data
  return networks.find((network) => network.name === name).subnet
}

function line(name, all, base) {
  console.log(
    `  ${name.padEnd(14)} ${median(all).toFixed(1).padStart(6)}   ${(median(all) / base).toFixed(2)}   (${all.map((one) => one.toFixed(1)).join(', ')})`,
  )
}

async function removeOthers() {
  for (const way of Object.values(others)) {
    await way.remove({ folder })
    await way.forget()
  }
}
