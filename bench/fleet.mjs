#!/usr/bin/env node
// An image to hosts: hvlab's push against scp and rsync, to 1 and to 3 sandbox hosts, interleaved:
// `node bench/fleet.mjs [ROUNDS] [RATE]`, e.g. `node bench/fleet.mjs 3 400mbit` for a controller behind such an uplink.
// Root, and what `hvlab sandbox` needs; rsync is installed into the hosts, and compared where this machine has it.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from './median.mjs'

const [rounds = '3', rate = ''] = process.argv.slice(2)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const store = process.env.HVLAB_STORE ?? '/var/tmp/hvlab-bench/store'
const lab = mkdtempSync(join(tmpdir(), 'hvlab-fleet-'))
const sandbox = 'bench-fleet'
const env = { ...process.env, XDG_STATE_HOME: join(lab, 'state'), XDG_CACHE_HOME: join(lab, 'cache') }

function must(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', cwd: lab, env })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `${stdout}${stderr}`}`)
}
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

try {
  hvlab('image', 'build', 'debian-12', '--store', store)
  hvlab('sandbox', 'up', '--hosts', '3', '--name', sandbox)
  const { hosts } = JSON.parse(hvlab('sandbox', 'status', '--name', sandbox, '--format', 'json'))
  const { folder, files } = JSON.parse(
    hvlab('image', 'show', 'debian-12', '--store', store, '--format', 'json'),
  )
  hvlab('exec', 'hypervisors', '-m', 'apt', '-a', 'name=zstd,rsync update_cache=true')
  if (rate !== '') limitUplink(hosts[0].address)
  const disk = join(folder, 'image.qcow2')
  const { size } = files['image.qcow2']
  const hasRsync = spawnSync('rsync', ['--version']).status === 0
  console.log(
    `${Math.round(size / 1e6)} MB to sandbox hosts${rate === '' ? '' : ` by an uplink of ${rate}`}; load before: ${loadavg()[0]}`,
  )
  for (const count of [1, 3]) {
    const targets = hosts.slice(0, count)
    // The first push compresses; the cache of pieces makes the later ones cheaper.
    const ways = {
      'hvlab, first': () => push(targets),
      'hvlab, again': () => push(targets),
      scp: () => copy(targets, ({ address }) => ['scp', ...ssh, disk, `root@${address}:/var/tmp/copy`]),
      ...(hasRsync
        ? {
            rsync: () =>
              copy(targets, ({ address }) => [
                'rsync',
                ...[
                  '-e',
                  `ssh ${ssh.join(' ')}`,
                  '--sparse',
                  '--compress',
                  disk,
                  `root@${address}:/var/tmp/copy`,
                ],
              ]),
          }
        : {}),
    }
    const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]))
    for (let round = 0; round < Number(rounds); round += 1)
      for (const way of rotated(Object.keys(ways), round)) {
        clean(way === 'hvlab, first')
        const started = performance.now()
        await ways[way]()
        times[way].push((performance.now() - started) / 1000)
      }
    console.log(`to ${count} host${count === 1 ? '' : 's'}       median     ratio to hvlab's first push`)
    const base = median(times['hvlab, first'])
    for (const [way, seconds] of Object.entries(times))
      console.log(
        `  ${way.padEnd(14)} ${median(seconds).toFixed(1).padStart(6)} s   ${(median(seconds) / base).toFixed(2)}   (${seconds.map((one) => one.toFixed(1)).join(', ')})`,
      )
  }
  if (!hasRsync) console.log('rsync is not installed on this machine and was not compared')
} finally {
  spawnSync(process.execPath, [join(root, 'bin/hvlab.mjs'), 'sandbox', 'down', '--name', sandbox], {
    cwd: lab,
    env,
  })
  rmSync(lab, { recursive: true })
}

/** Different each round, so that no way always comes after the same one. */
function rotated(names, round) {
  return [...names.slice(round % names.length), ...names.slice(0, round % names.length)]
}

function clean(withCache) {
  hvlab('exec', 'hypervisors', '-a', `rm -rf ${store} /var/tmp/copy`)
  if (withCache) rmSync(join(lab, 'cache'), { recursive: true, force: true })
}

async function push(targets) {
  const limit = targets.map(({ host }) => host).join(',')
  hvlab(
    ...['exec', 'hypervisors', '--limit', limit, '-m', 'image', '-a', 'name=debian-12'],
    ...['-e', `hvlab_store=${store}`],
  )
}

/** To all at the same time, and verified, as hvlab does. */
async function copy(targets, words) {
  await Promise.all(
    targets.map(async (target) => {
      const [command, ...args] = words(target)
      await ended(spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env }))
      await ended(
        spawn('ssh', [...ssh, `root@${target.address}`, 'sha256sum /var/tmp/copy'], {
          stdio: ['ignore', 'ignore', 'inherit'],
        }),
      )
    }),
  )
}

async function ended(child) {
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error(`${child.spawnargs.join(' ')}: exit code ${status}`)
}

/** What leaves this machine for the hosts' bridge; hosts talk to each other over its ports, at full speed. */
function limitUplink(address) {
  const bridge = must('ip', ['-o', 'route', 'get', address]).match(/ dev (\S+)/)[1]
  must('tc', ['qdisc', 'add', 'dev', bridge, 'root', 'tbf', 'rate', rate, 'burst', '1m', 'latency', '100ms'])
}
