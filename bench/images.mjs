#!/usr/bin/env node
// `hvlab image build` against Packer alone, on the stand-in for Ubuntu's installer ISO that the tests make; emulated, so
// that it runs anywhere. `node bench/images.mjs [ROUNDS [LONG]]`: LONG rounds, 1 if not said, of an installation that takes
// minutes, as real ones do. Packer runs the same template with the same seed, as the
// template's head tells a person to. Needs packer, qemu-system-x86, qemu-utils, xorriso, zstd, e2fsprogs; a built clone.
import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { median } from './median.mjs'

const rounds = Number(process.argv[2] ?? 3)
const longRounds = Number(process.argv[3] ?? 1)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const load = (path) => import(join(root, 'dist', path))
const { standInIso } = await load('test/support/stand-in-iso/stand-in-iso.js')
const { writeStandInImage } = await load('test/support/stand-in-iso/stand-in-image.js')
const { readImage } = await load('src/images/image.js')
const { renderInstallerSeed } = await load('src/images/autoinstall/installer-seed.js')

/** A long installation: so much longer takes each of its about 30 steps. */
const stepSeconds = 5
/** A hung installation: hvlab is told to give it this long without a word; Packer, which cannot know, as long in all. */
const stallSeconds = 10
const packerDeadlineSeconds = 30

const work = mkdtempSync('/var/tmp/hvlab-images-')
const store = join(work, 'store')
const iso = join(work, 'stand-in.iso')
copyFileSync(standInIso(), iso)
try {
  console.log(
    `${must('packer', ['--version']).trim()} is Packer; ${cpus().length} processors, TCG; load before: ${loadavg()[0].toFixed(1)}`,
  )
  await installation()
  await failures()
  finalising()
} finally {
  rmSync(work, { recursive: true })
}

/** Good installations, short and long, and the short one again. */
async function installation() {
  image('good')
  image('long', `standin=slow@${stepSeconds}`)
  const short = await inTurns('good', rounds)
  const long = await inTurns('long', longRounds)
  const hit = median(short.again.map(({ output }) => taskSeconds(output)))
  console.log(
    `\nmedians of ${rounds} rounds, long: ${longRounds}  Packer alone       hvlab   hvlab / Packer   hvlab adds`,
  )
  row('a good installation', short.packer, short.hvlab)
  row('a long one', long.packer, long.hvlab)
  row('the short one again', short.packer, short.again)
  console.log(`of that, finding the image in the store: ${hit.toFixed(3)} s`)
  console.log(`good installations, Packer alone: ${list(short.packer)}; hvlab: ${list(short.hvlab)}`)
  console.log(`long ones, Packer alone: ${list(long.packer)}; hvlab: ${list(long.hvlab)}`)
}

/** Builds an image with both, each first in every other round, and with hvlab once more. */
async function inTurns(name, times) {
  const all = { packer: [], hvlab: [], again: [] }
  for (let round = 0; round < times; round += 1) {
    rmSync(store, { recursive: true, force: true })
    const sides = [
      async () => all.packer.push(await wanted(0, packer(name))),
      async () => all.hvlab.push(await wanted(0, hvlab(name))),
    ]
    for (const side of round % 2 === 0 ? sides : sides.reverse()) await side()
    all.again.push(await wanted(0, hvlab(name)))
  }
  return all
}

/** How long until it is said, and what. */
async function failures() {
  console.log('\nwhat goes wrong                Packer alone says            hvlab says')
  image('fails', 'standin=fail@curthooks')
  image('hangs', 'standin=hang@extract')
  image('killed', 'standin=hang@partitioning')
  said('the installer fails', await packer('fails'), await hvlab('fails'))
  const hung = await packer('hangs', { shutdown_timeout: `${packerDeadlineSeconds}s` })
  said('it hangs', hung, await hvlab('hangs', '--stall', String(stallSeconds)))
  const kill = async (run) => {
    const qemu = await pidOfQemu()
    await delay(5000)
    process.kill(qemu, 'SIGKILL')
    const killed = performance.now()
    const result = await run
    return { ...result, ms: performance.now() - killed }
  }
  said('QEMU is killed (from then on)', await kill(packer('killed')), await kill(hvlab('killed')))
}

/** 500 MB of programs and libraries, as a disk: what each does with the finished image, one after the other. */
function finalising() {
  const [raw, out] = [join(work, 'disk.raw'), join(work, 'out')]
  must('sh', [
    '-c',
    'find /usr/lib /usr/bin -xdev -type f -size +16k -print0 | sort -z | xargs -0 cat 2>/dev/null | head -c 500000000 >"$0"',
    raw,
  ])
  const ways = {
    'Packer, disk_compression': 'qemu-img convert -c -O qcow2 "$0" "$1"',
    'hvlab image export --compress': 'qemu-img convert -c -W -m 4 -O qcow2 "$0" "$1"',
    'hvlab: into the store': 'qemu-img convert -W -m 4 -O qcow2 "$0" "$1"',
    'and compressed for transfer': 'zstd -q -3 -T0 -f "$0" -o "$1"',
  }
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
  const sizes = {}
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, command] of Object.entries(ways)) {
      rmSync(out, { force: true })
      const started = performance.now()
      must('sh', ['-c', command, raw, out])
      times[name].push((performance.now() - started) / 1000)
      sizes[name] = statSync(out).size
    }
  }
  console.log(`\nfinalising 500 MB, medians of ${rounds}`)
  for (const name of Object.keys(ways))
    console.log(
      `${name.padEnd(32)} ${median(times[name]).toFixed(1).padStart(6)} s ${String(Math.round(sizes[name] / 1e6)).padStart(5)} MB`,
    )
}

/** An image like ubuntu-20.04 from the stand-in, in `images/` of the work folder. */
function image(name, standIn = '') {
  writeStandInImage(join(work, 'images', name), { iso, standIn })
}

/** The steps in the head of the template, in a folder of their own. */
async function packer(name, more = {}) {
  const folder = mkdtempSync(join(work, 'by-hand-'))
  const read = readImage(name, join(work, 'images', name, 'image.yml'))
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  const { installer, disk, template } = read.value.file
  // The same seed as hvlab's, without the reports to hvlab.
  const { userData } = renderInstallerSeed(read.value, { nonce: '0', webhookUrl: 'http://10.0.2.2:9/' })
  const head = '#cloud-config\n'
  const data = JSON.parse(userData.slice(head.length))
  delete data.autoinstall.reporting
  writeFileSync(join(folder, 'user-data'), `${head}${JSON.stringify(data)}\n`)
  const variables = {
    iso_url: iso,
    iso_checksum: 'none',
    kernel_arguments: installer.kernel_arguments,
    accelerator: 'tcg',
    cpu_model: 'max',
    cpus: installer.cpus,
    memory: installer.memory_mb,
    disk_size: `${disk.size_gb}G`,
    ...more,
  }
  writeFileSync(join(folder, 'build.pkrvars.json'), JSON.stringify(variables))
  const script = `set -e
xorriso -osirrox on -indev "$0" -extract /casper/vmlinuz vmlinuz -extract /casper/initrd initrd 2>/dev/null
touch meta-data; xorriso -as mkisofs -quiet -V cidata -J -r -o seed.iso user-data meta-data 2>/dev/null
exec packer build -color=false -var-file=build.pkrvars.json "$1"`
  const env = { CHECKPOINT_DISABLE: '1', PACKER_CACHE_DIR: join(folder, 'cache') }
  const result = await run('sh', ['-c', script, iso, join(work, 'images', name, template)], folder, env)
  const last = result.output.trim().split('\n').at(-1)
  return { ...result, words: /successful builds/.test(result.output) ? 'a successful build' : last }
}

async function hvlab(name, ...options) {
  const accelerator = JSON.stringify({ hvlab_accelerator: { type: 'tcg', reason: 'a benchmark' } })
  const words = ['image', 'build', name, '--iso', iso, '--store', store, '-e', accelerator, ...options]
  const env = { XDG_STATE_HOME: join(work, 'state'), XDG_CACHE_HOME: join(work, 'cache') }
  const result = await run(
    process.execPath,
    [join(root, 'bin/hvlab.mjs'), ...words, '--format', 'jsonl'],
    work,
    env,
  )
  const finished = result.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .at(-1)
  return { ...result, words: finished.failures?.[0]?.failure.message ?? 'ok' }
}

/** Runs a command to its end, whatever that is; both of its streams, and how long it took. */
async function run(command, args, cwd, env) {
  const started = performance.now()
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  return { code, ms: performance.now() - started, output }
}

/** Of the one build that runs, once its QEMU does. */
async function pidOfQemu() {
  for (;;) {
    const folders = [
      ...readdirSync(store).map((name) => join(store, name, 'build')),
      ...readdirSync(work).map((name) => join(work, name)),
    ]
    for (const file of folders.map((folder) => join(folder, 'qemu.pid')).filter(existsSync)) {
      const command = `/proc/${readFileSync(file, 'utf8').trim()}/cmdline`
      if (existsSync(command) && readFileSync(command, 'latin1').includes('qemu-system'))
        return Number(command.split('/')[2])
    }
    await delay(50)
  }
}

async function wanted(code, running) {
  const result = await running
  if (result.code !== code)
    throw new Error(`exit code ${result.code}: ${result.words}\n${result.output.slice(-2000)}`)
  return result
}

function taskSeconds(output) {
  const events = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return events.find(({ kind }) => kind === 'task.finished').durationMs / 1000
}

function said(what, ours, theirs) {
  const words = ({ code, ms, words: text }) => `${(ms / 1000).toFixed(1)} s, exit code ${code}: ${text}`
  console.log(`${what}\n  Packer alone: ${words(ours)}\n  hvlab:        ${words(theirs)}`)
}

function row(name, theirRuns, ourRuns) {
  const [theirs, ours] = [theirRuns, ourRuns].map((runs) => median(runs.map(seconds)))
  const cell = (value) => `${value.toFixed(1).padStart(10)} s`
  console.log(
    `${name.padEnd(28)} ${cell(theirs)} ${cell(ours)} ${(ours / theirs).toFixed(3).padStart(14)} ${cell(ours - theirs)}`,
  )
}

function must(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
}

function seconds({ ms }) {
  return ms / 1000
}

function list(runs) {
  return runs.map((one) => seconds(one).toFixed(1)).join(', ')
}
