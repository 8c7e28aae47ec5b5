import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { findEmulator, probeAccelerator } from '../../../src/lab/host/accelerator.ts'
import { probeCommand, readProbe } from '../../../src/lab/host/accelerator-probe.ts'
import { classifyProbe, type KvmSituation } from '../../../src/lab/host/accelerator-verdict.ts'
import { runningProcess } from '../../support/processes.ts'
import { openLocalHost } from '../images/local-host.ts'

const usable: KvmSituation = {
  emulator: '/usr/bin/qemu-system-x86_64',
  device: 'usable',
  user: 'root',
  virtualizationFlag: true,
}
const boot = { exitCode: null, durationMs: 830, deadlineMs: 10_000, serial: '', stderr: '' }
const banner = '[    0.000000] Linux version 6.1.0-40-cloud-amd64 (debian-kernel@lists.debian.org)\n'
const panic =
  '[    0.61] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n[    0.62] CPU: 0\n'

t.test('what decides between KVM and TCG', async (t) => {
  const cases: [what: string, situation: KvmSituation, type: 'kvm' | 'tcg', reason: string][] = [
    [
      'no device, no CPU flag',
      { ...usable, device: 'absent', virtualizationFlag: false },
      'tcg',
      'there is no /dev/kvm, and the CPU shows neither VT-x nor AMD-V: off in the firmware, or not passed on by the hypervisor below',
    ],
    [
      'no device, but the CPU could',
      { ...usable, device: 'absent' },
      'tcg',
      'there is no /dev/kvm although the CPU has VT-x or AMD-V: the module kvm_intel or kvm_amd is not loaded',
    ],
    [
      'no permission',
      { ...usable, device: 'denied', user: 'ana' },
      'tcg',
      '/dev/kvm may not be opened by ana, who is not in the group kvm',
    ],
    ['no QEMU', { ...usable, emulator: null }, 'tcg', 'QEMU is not installed'],
    [
      'a kernel that boots',
      { ...usable, boot: { ...boot, exitCode: 0, serial: banner + panic } },
      'kvm',
      'a Linux kernel booted under KVM in 0.8 s',
    ],
    [
      'QEMU aborts',
      {
        ...usable,
        boot: {
          ...boot,
          exitCode: 134,
          stderr:
            "qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69\nqemu-system-x86_64: ../../target/i386/kvm/kvm.c:3183: kvm_buf_set_msrs: Assertion `ret' failed.",
        },
      },
      'tcg',
      'KVM does not work: QEMU ended (exit code 134) before a kernel ran under it: “error: failed to set MSR 0x10a to 0x69”',
    ],
    [
      'QEMU may not use the device',
      {
        ...usable,
        boot: {
          ...boot,
          exitCode: 1,
          stderr:
            'Could not access KVM kernel module: Operation not permitted\nqemu-system-x86_64: failed to initialize kvm: Operation not permitted',
        },
      },
      'tcg',
      'KVM does not work: QEMU ended (exit code 1) before a kernel ran under it: “Could not access KVM kernel module: Operation not permitted”',
    ],
    [
      'a kernel that stays silent',
      { ...usable, boot },
      'tcg',
      '/dev/kvm opens but KVM does not work: a Linux kernel printed nothing in 10 s',
    ],
    [
      'a kernel that stops half-way',
      { ...usable, boot: { ...boot, serial: `${banner}[    0.31] smpboot: CPU0: AMD EPYC\n` } },
      'tcg',
      'KVM does not work: a Linux kernel started under it and stopped after “smpboot: CPU0: AMD EPYC”',
    ],
    [
      'a panic of another kind proves nothing',
      {
        ...usable,
        boot: {
          ...boot,
          exitCode: 0,
          serial: `${banner}[    0.2] Kernel panic - not syncing: IO-APIC + timer doesn't work!\n`,
        },
      },
      'tcg',
      "KVM does not work: a Linux kernel started under it and stopped after “Kernel panic - not syncing: IO-APIC + timer doesn't work!”",
    ],
  ]
  for (const [what, situation, type, reason] of cases)
    t.same(classifyProbe(situation), { type, reason }, what)
})

t.test('the probe watches QEMU from outside', async (t) => {
  await using host = await openLocalHost()
  const folder = t.testdir({})
  const emulator = join(folder, 'qemu')
  const probe = async (script: string): Promise<ReturnType<typeof readProbe>> => {
    writeFileSync(emulator, `#!/bin/sh\necho $$ >${folder}/pid\n${script}\n`)
    chmodSync(emulator, 0o755)
    return readProbe(await host.run(probeCommand(emulator, '/boot/kernel', 1000)), 1000)
  }
  const ended = async (): Promise<boolean> => {
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
    for (let tries = 0; tries < 100 && runningProcess(pid) !== undefined; tries += 1) await setTimeout(50)
    return runningProcess(pid) === undefined
  }
  const serial = 'for word in "$@"; do case $word in file:*) log=$(echo "$word" | cut -d: -f2);; esac; done'

  const failed = await probe('echo "cannot do it" >&2; exit 3')
  t.match(failed, { exitCode: 3, serial: '', stderr: 'cannot do it' })

  const silent = await probe('exec sleep 600')
  t.match(silent, { exitCode: null, serial: '', deadlineMs: 1000 })
  t.ok(silent.durationMs >= 1000 && silent.durationMs < 10_000, `ended after ${silent.durationMs} ms`)
  t.ok(await ended(), 'it was killed')

  const booted = await probe(
    `${serial}; printf '%s\\r\\n' 'Linux version 6.1' '@@code' 'Kernel panic - not syncing: VFS: no root' >"$log"; exec sleep 600`,
  )
  t.equal(booted.exitCode, null)
  t.equal(
    booted.serial,
    'Linux version 6.1\nLinux version 6.1\n @@code\nKernel panic - not syncing: VFS: no root',
  )
  t.ok(booted.durationMs < 1000, 'the panic ends it at once')
  t.ok(await ended(), 'it was killed')
})

const kernel = kernelOfThisMachine()
const lacking = !existsSync('/usr/bin/qemu-system-x86_64')
  ? 'QEMU is not installed'
  : kernel === undefined && 'no kernel in /boot and none in the image store'

t.test('the real thing on this machine', { skip: lacking }, async (t) => {
  await using host = await openLocalHost()
  t.equal(await findEmulator(host), '/usr/bin/qemu-system-x86_64')
  const options = { kernel: kernel ?? '', kernelDigest: 'k1' }
  const cacheFile = join(t.testdir({}), 'below/accelerator.json')
  const first = await probeAccelerator(host, { ...options, cacheFile })
  t.match(first.reason, first.type === 'kvm' ? /booted under KVM in/ : /KVM|\/dev\/kvm/)
  t.comment(`${first.type}: ${first.reason}`)
  const started = performance.now()
  t.same(await probeAccelerator(host, { ...options, cacheFile }), first)
  t.comment(`the second time in ${Math.round(performance.now() - started)} ms`)
  if (!existsSync('/dev/kvm')) return
  const kept = JSON.parse(readFileSync(cacheFile, 'utf8'))
  writeFileSync(cacheFile, JSON.stringify({ ...kept, boot: { ...kept.boot, serial: banner + panic } }))
  t.match(
    await probeAccelerator(host, { ...options, cacheFile }),
    { type: 'kvm', reason: /^a Linux kernel booted under KVM in/ },
    'what was seen is remembered',
  )
  const other = await probeAccelerator(host, { ...options, kernelDigest: 'k2', cacheFile })
  t.equal(other.type, first.type, 'but not for another kernel')
})

function kernelOfThisMachine(): string | undefined {
  const store = '/var/lib/hvlab/images'
  const stored = existsSync(store) ? readdirSync(store).map((name) => join(store, name, 'vmlinuz')) : []
  const own = existsSync('/boot') ? readdirSync('/boot').filter((name) => /^vmlinuz/.test(name)) : []
  return [...own.map((name) => join('/boot', name)), ...stored].find((path) => existsSync(path))
}
