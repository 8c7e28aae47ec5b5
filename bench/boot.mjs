#!/usr/bin/env node
// Where an image's boot time goes until SSH lets somebody in, under emulation: `node bench/boot.mjs [IMAGE] [ROUNDS]`.
// Builds the image into its own store in /var/tmp unless it is there; needs qemu-system-x86, xorriso, an SSH client;
// root or user namespaces for the build. No libvirt: one QEMU at a time, with a forwarded port on the loopback.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { tsImport } from 'tsx/esm/api'
import { median } from './median.mjs'

const [image = 'debian-12', rounds = '3'] = process.argv.slice(2)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const store = '/var/tmp/hvlab-bench/store'
const deadlineMs = 300_000
const { seedTexts, writeSeed } = await tsImport('../src/lab/seed.ts', import.meta.url)
const { renderCommand } = await tsImport('../src/util/sh.ts', import.meta.url)

/** Ends the benchmark when a command fails; its stdout. */
function must(command, args, input) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', input })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
}
const hvlab = (...args) =>
  must(process.execPath, [join(root, 'bin/hvlab.mjs'), 'image', ...args, '--store', store])

hvlab('build', image)
const { folder, cmdline, login_user: user, files } = JSON.parse(hvlab('show', image, '--format', 'json'))
const work = mkdtempSync(join(tmpdir(), 'hvlab-boot-'))
const path = (name) => join(work, name)
try {
  for (const key of ['login', 'host']) must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(key)])
  const seed = writeSeed(
    seedTexts({
      hostname: 'boot',
      user,
      authorizedKey: readFileSync(path('login.pub'), 'utf8').trim(),
      hostKey: {
        privateKey: readFileSync(path('host'), 'utf8'),
        publicKey: readFileSync(path('host.pub'), 'utf8'),
      },
    }),
    { seed: path('seed.iso') },
  )
  must('sh', ['-c', renderCommand(seed)], seed.stdin)
  console.log(
    `${image}: ${Math.round(files['image.qcow2'].size / 1e6)} MB; TCG, 2 vCPUs, ${rounds} rounds; load before: ${loadavg()[0]}`,
  )
  const all = []
  for (let round = 0; round < Number(rounds); round += 1) all.push(await boot())
  console.log('from start to                                 at      step')
  let before = 0
  for (const name of Object.keys(all[0])) {
    const at = median(all.map((marks) => marks[name]))
    console.log(`${name.padEnd(42)} ${at.toFixed(1).padStart(6)} s ${(at - before).toFixed(1).padStart(6)} s`)
    before = at
  }
  console.log(`logins at: ${all.map((marks) => `${marks['first login answered'].toFixed(1)} s`).join(', ')}`)
} finally {
  rmSync(work, { recursive: true })
}

/** One boot of a new disk; what was reached when, seconds after QEMU started, in order. */
async function boot() {
  const port = await freePort()
  must('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-F',
    'qcow2',
    '-b',
    join(folder, 'image.qcow2'),
    path('disk.qcow2'),
  ])
  const started = performance.now()
  // The machine that hvlab's guests have under emulation.
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      ...[
        '-machine',
        'q35,accel=tcg',
        '-cpu',
        'Nehalem',
        '-smp',
        '2',
        '-m',
        '2900',
        '-nodefaults',
        '-display',
        'none',
      ],
      ...['-kernel', join(folder, 'vmlinuz'), '-initrd', join(folder, 'initrd'), '-append', cmdline],
      ...['-drive', `file=${path('disk.qcow2')},if=virtio,cache=unsafe`],
      ...['-drive', `file=${path('seed.iso')},if=virtio,format=raw,readonly=on`],
      ...['-nic', `user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:${port}-:22`, '-device', 'virtio-rng-pci'],
      ...['-serial', `file:${path('console')}`],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const ended = once(qemu, 'exit')
  try {
    const seconds = () => (performance.now() - started) / 1000
    let uptime = ''
    while (uptime === '') {
      if (qemu.exitCode !== null || seconds() * 1000 > deadlineMs)
        throw new Error(`no login; console:\n${readFileSync(path('console'), 'utf8').slice(-2000)}`)
      uptime = ssh(port, 'cat /proc/uptime').stdout
      if (uptime === '') await delay(200)
    }
    const login = seconds()
    // The guest's clock starts with its kernel: what came before is firmware and unpacking.
    const offset = login - Number(uptime.split(' ')[0])
    return await marksOf(port, offset, login)
  } finally {
    qemu.kill('SIGKILL')
    await ended
    rmSync(path('disk.qcow2'))
  }
}

/** systemd's timestamps, and the marks that debian-12's cloud-init stages leave (guest clock), sorted. */
async function marksOf(port, offset, login) {
  const units = [
    'systemd-journald',
    'systemd-udevd',
    'systemd-networkd',
    'hvlab-cloud-init',
    'cloud-init',
    'ssh',
  ]
  for (let tries = 0; tries < 60; tries += 1) {
    // The last stages go on after the first login.
    if (!/^(initializing|starting)/.test(ssh(port, 'systemctl is-system-running').stdout)) break
    await delay(1000)
  }
  const text = ssh(
    port,
    `systemctl show -p UserspaceTimestampMonotonic -p FinishTimestampMonotonic; echo; systemctl show -p Id -p ExecMainStartTimestampMonotonic -p ActiveEnterTimestampMonotonic ${units.map((unit) => `${unit}.service`).join(' ')}; echo; cat /run/hvlab-boot 2>/dev/null`,
  ).stdout
  const marks = { 'kernel: first instruction': offset, 'first login answered': login }
  const put = (name, microseconds) => {
    if (Number(microseconds) > 0) marks[name] = offset + Number(microseconds) / 1e6
  }
  for (const block of text.split('\n\n')) {
    const value = (name) => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1]
    put('kernel and initrd done: systemd starts', value('UserspaceTimestampMonotonic'))
    put('everything started', value('FinishTimestampMonotonic'))
    const unit = value('Id')?.replace('.service', '')
    put(`${unit}: starts`, value('ExecMainStartTimestampMonotonic'))
    put(`${unit}: ready`, value('ActiveEnterTimestampMonotonic'))
  }
  for (const [, at, what] of text.matchAll(/^(\d+\.\d\d) (.+)$/gm))
    put(`cloud-init: ${what}`, Number(at) * 1e6)
  return Object.fromEntries(Object.entries(marks).sort(([, a], [, b]) => a - b))
}

function ssh(port, command) {
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'ConnectTimeout=20',
    'BatchMode=yes',
    'LogLevel=ERROR',
  ]
  return spawnSync(
    'ssh',
    [
      '-F',
      'none',
      '-i',
      path('login'),
      ...options.flatMap((option) => ['-o', option]),
      '-p',
      String(port),
      `${user}@127.0.0.1`,
      command,
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 },
  )
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}
