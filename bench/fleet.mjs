#!/usr/bin/env node
// An image to hosts: hvlab's push against scp and rsync, to 1 and to 3 sandbox hosts, interleaved:
// `node bench/fleet.mjs [ROUNDS] [RATE]`, e.g. `node bench/fleet.mjs 3 400mbit` for a controller behind such an uplink.
// Root, and what `hvlab sandbox` needs; rsync is installed into the hosts, and compared where this machine has it.
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from './median.mjs'
import { cleaningUp, has, output, rotated, seconds } from './programs.mjs'

const [rounds = '3', rate = ''] = process.argv.slice(2)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const store = process.env.HVLAB_STORE ?? '/var/tmp/hvlab-bench/store'
const lab = mkdtempSync(join(tmpdir(), 'hvlab-fleet-'))
const sandbox = 'bench-fleet'
const env = { ...process.env, XDG_STATE_HOME: join(lab, 'state'), XDG_CACHE_HOME: join(lab, 'cache') }

const must = (command, args) => output(command, args, { cwd: lab, env })
const hvlab = (...args) => must(process.execPath, [join(root, 'bin/hvlab.mjs'), ...args])

const ssh = [
  ...['-F', 'none', '-i', join(lab, 'state/hvlab/id_ed25519'), '-o', 'BatchMode=yes'],
  ...[
    '-o',
    'StrictHostKeyChecking=yes',
    '-o',
    `UserKnownHostsFile=/var/lib/hvlab/sandbox/hosts/${sandbox}/known_hosts`,
  ],
]

await cleaningUp(pushes, async () => {
  await hvlab('sandbox', 'down', '--name', sandbox)
  rmSync(lab, { recursive: true })
})

async function pushes() {
  await hvlab('image', 'build', 'debian-12', '--store', store)
  await hvlab('sandbox', 'up', '--hosts', '3', '--name', sandbox)
  const { hosts } = JSON.parse(await hvlab('sandbox', 'status', '--name', sandbox, '--format', 'json'))
  const { folder, files } = JSON.parse(
    await hvlab('image', 'show', 'debian-12', '--store', store, '--format', 'json'),
  )
  await hvlab('exec', 'hypervisors', '-m', 'apt', '-a', 'name=zstd,rsync update_cache=true')
  if (rate !== '') await limitUplink(hosts[0].address)
  const hasRsync = await has('rsync')
  console.log(
    `${megabytes(files)} MB to sandbox hosts${rate === '' ? '' : ` by an uplink of ${rate}`}; load before: ${loadavg()[0]}`,
  )
  for (const count of [1, 3]) await compare(hosts.slice(0, count), folder, hasRsync)
  if (!hasRsync) console.log('rsync is not installed on this machine and was not compared')
}

/** Disk, kernel and initrd. */
function megabytes(files) {
  const sizes = Object.values(files).map(({ size }) => size)
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1e6)
}

async function compare(targets, folder, hasRsync) {
  const rsync = ['-e', `ssh ${ssh.join(' ')}`, '--recursive', '--sparse', '--compress']
  const to = ({ address }) => `root@${address}:/var/tmp/copy`
  // The first push compresses; the cache of pieces makes the later ones cheaper.
  const ways = {
    'hvlab, first': () => push(targets),
    'hvlab, again': () => push(targets),
    scp: () => copy(targets, (target) => ['scp', '-r', ...ssh, folder, to(target)]),
    ...(hasRsync
      ? { rsync: () => copy(targets, (target) => ['rsync', ...rsync, `${folder}/`, to(target)]) }
      : {}),
  }
  const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]))
  for (let round = 0; round < Number(rounds); round += 1)
    for (const way of rotated(Object.keys(ways), round)) {
      await clean(way === 'hvlab, first')
      times[way].push(await seconds(way, ways[way]))
    }
  console.log(
    `to ${targets.length} host${targets.length === 1 ? ' ' : 's'}       median     ratio to hvlab's first push`,
  )
  const base = median(times['hvlab, first'])
  for (const [way, all] of Object.entries(times))
    console.log(
      `  ${way.padEnd(14)} ${median(all).toFixed(1).padStart(6)} s   ${(median(all) / base).toFixed(2)}   (${all.map((one) => one.toFixed(1)).join(', ')})`,
    )
}

async function clean(withCache) {
  await hvlab('exec', 'hypervisors', '-a', `rm -rf ${store} /var/tmp/copy`)
  if (withCache) rmSync(join(lab, 'cache'), { recursive: true, force: true })
}

async function push(targets) {
  const limit = targets.map(({ host }) => host).join(',')
  await hvlab(
    ...['exec', 'hypervisors', '--limit', limit, '-m', 'image', '-a', 'name=debian-12'],
    ...['-e', `hvlab_store=${store}`],
  )
}

/** To all at the same time, and verified, as hvlab does. */
async function copy(targets, words) {
  await Promise.all(
    targets.map(async (target) => {
      const [command, ...args] = words(target)
      await must(command, args)
      await must('ssh', [...ssh, `root@${target.address}`, 'sha256sum /var/tmp/copy/*'])
    }),
  )
}

/** What leaves this machine for the hosts' bridge; hosts talk to each other over its ports, at full speed. */
async function limitUplink(address) {
  const bridge = (await must('ip', ['-o', 'route', 'get', address])).match(/ dev (\S+)/)[1]
  const bucket = ['rate', rate, 'burst', '1m', 'latency', '100ms']
  await must('tc', ['qdisc', 'add', 'dev', bridge, 'root', 'tbf', ...bucket])
}
