import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { FailureCause } from '../../src/images/installer/outcome.ts'
import { atEnd } from '../support/cleanup.ts'
import { installStandIn, type StandInInstall } from '../support/stand-in-iso/stand-in-install.ts'
import { missingForStandIn, standInIso } from '../support/stand-in-iso/stand-in-iso.ts'
import { must } from '../support/tool.ts'

/**
 * Supervision of an installer that really runs, emulated: one good installation, then the ways to fail. A hang, a panic
 * that QEMU's device reports, and a killed QEMU are in packer-image.test.ts, where Packer is between.
 */
const skip = missingForStandIn() ?? false
const seconds = 1000
/** Seconds, emulated on a busy machine, within which a failure is known: the error-commands run in that time. */
const promptness: Partial<Record<FailureCause['kind'], number>> = {
  panic: 10,
  'step-failed': 15,
}
const install = 'subiquity/Install/install'
const stage = `${install}/curtin_install/run_curtin_step/cmd-install/stage-`

t.test('supervised installations', { skip, timeout: 900 * seconds }, async (t) => {
  // The path of a socket has at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'hvlab-test-'))
  atEnd(t, () => rmSync(folder, { recursive: true }))
  const iso = standInIso()

  await t.test('a good one is proven, and what it installed boots', { timeout: 180 * seconds }, async (t) => {
    const result = await installStandIn(t, iso, join(folder, 'good'), {
      lateCommands: [
        'curtin in-target --target=/target -- dpkg-query -W >/run/packages && grep -q qemu-guest-agent /run/packages',
        [
          'sh',
          '-c',
          'echo "$TARGET_MOUNT_POINT" >/target/etc/late; rm /target/etc/cloud/cloud.cfg.d/99-installer.cfg',
        ],
      ],
    })
    timing(t, result.seconds)
    t.match(result.outcome, {
      kind: 'success',
      proof: { finalEvent: 'subiquity/Shutdown/shutdown', shutdownReason: 'guest-shutdown' },
    })
    t.ok(result.outcome.events >= 30, `${result.outcome.events} events`)
    t.same(
      [...new Set(result.progress.map((text) => text.replace(/:.*/, '')))],
      [
        'start',
        'boot',
        'settings',
        'partitioning',
        'extraction',
        'kernel',
        'packages',
        'late commands',
        'shutdown',
      ],
    )

    const raw = join(result.folder, 'disk.raw')
    must('qemu-img', ['convert', '-O', 'raw', result.disk, raw])
    const inImage = (request: string) => must('debugfs', ['-R', request, `${raw}?offset=${4096 * 512}`])
    t.equal(inImage('cat /etc/late'), '/target\n')
    t.equal(inImage('cat /etc/hostname'), 'standin\n')
    t.notMatch(inImage('ls -p /etc/cloud/cloud.cfg.d'), '99-installer.cfg')
    const kernel = /vmlinuz-[^/"]+/.exec(inImage('stat /boot/vmlinuz'))?.[0] ?? ''
    inImage(`dump /boot/${kernel} ${result.folder}/kernel`)
    inImage(`dump /boot/${kernel.replace('vmlinuz', 'initrd.img')} ${result.folder}/ramdisk`)
    t.match(bootInstalled(result.folder, raw), /stand-in: hostname node7, packages stand-in .*openssh-server/)
  })

  const failures: [name: string, options: StandInInstall, cause: object, phase: string][] = [
    ['without the argument', { without: 'argument' }, { kind: 'no-autoinstall-argument' }, 'boot'],
    ['without a seed', { without: 'seed' }, { kind: 'seed-not-found' }, 'boot'],
    ['without a medium', { without: 'medium' }, { kind: 'medium-not-found' }, 'boot'],
    [
      'a step fails, and the logs arrive',
      { switch: 'fail@curthooks' },
      { kind: 'step-failed', step: `${stage}curthooks`, message: 'curthooks: failed as it was told to' },
      'kernel',
    ],
    [
      'a late-command fails',
      { lateCommands: ['true', 'exit 3'] },
      {
        kind: 'step-failed',
        step: 'subiquity/Late/run/command_1',
        message: "Command 'exit 3' returned non-zero exit status 3.",
      },
      'late commands',
    ],
    [
      'a layout that does not exist',
      { layout: 'drect' },
      {
        kind: 'step-failed',
        step: `${stage}partitioning`,
        message: 'the stand-in has no layout drect, which is the default',
      },
      'partitioning',
    ],
    [
      'a panic that no device reports',
      { switch: 'panic', pvpanic: false },
      { kind: 'panic', message: 'sysrq triggered crash' },
      'extraction',
    ],
    [
      'too little memory',
      { switch: 'oom', memoryMb: 256 },
      {
        kind: 'out-of-memory',
        text: /^Out of memory: Killed process \d+ \(tail\)/,
        step: `${stage}extract`,
      },
      'extraction',
    ],
    [
      'a full disk',
      { switch: 'no-space' },
      { kind: 'no-space', where: 'guest', step: `${stage}extract` },
      'extraction',
    ],
    [
      'no mirror',
      { switch: 'mirror' },
      { kind: 'mirror-unreachable', step: `${install}/postinstall/install_openssh-server` },
      'packages',
    ],
    [
      'a power-off in the middle',
      { switch: 'poweroff' },
      {
        kind: 'unproven',
        shutdownReason: 'guest-shutdown',
        missing: ['its last event', 'the marker of its last command'],
      },
      'extraction',
    ],
    ['endless chatter', { switch: 'slow@1', deadlineSeconds: 14 }, { kind: 'deadline', afterMs: 14_000 }, ''],
  ]
  for (const [index, [name, options, cause, phase]] of failures.entries()) {
    await t.test(name, { timeout: 120 * seconds }, async (t) => {
      const result = await installStandIn(t, iso, join(folder, `failure${index}`), {
        stallSeconds: 60,
        ...options,
      })
      timing(t, result.seconds)
      t.match(result.outcome, { kind: 'failed', cause })
      if (result.outcome.kind !== 'failed') return
      if (phase !== '') t.equal(result.outcome.phase, phase)
      t.ok(result.outcome.serialTail.length > 0)
      const within = promptness[result.outcome.cause.kind]
      if (within !== undefined)
        t.ok(result.lastSeconds < within, `${result.lastSeconds.toFixed(1)} s after it happened`)
      if (result.outcome.cause.kind !== 'step-failed') return
      const logs = must('tar', ['-tzf', result.logs])
      t.match(logs, 'var/log/installer/subiquity-server-debug.log')
      t.match(logs, 'var/log/installer/autoinstall-user-data')
    })
  }
})

/** Boots the installed system with another seed until it powers off; returns its console. */
function bootInstalled(folder: string, raw: string): string {
  const path = (name: string) => join(folder, name)
  writeFileSync(path('meta-data'), '{"instance-id": "one", "local-hostname": "node7"}\n')
  writeFileSync(path('user-data'), '#cloud-config\n{}\n')
  must('xorriso', [
    ...['-as', 'mkisofs', '-quiet', '-V', 'cidata', '-J', '-r', '-o', path('guest-seed.iso')],
    ...[path('meta-data'), path('user-data')],
  ])
  const { status } = spawnSync(
    'qemu-system-x86_64',
    [
      ...['-machine', 'q35,accel=tcg', '-cpu', 'max', '-m', '256', '-nodefaults', '-no-user-config'],
      ...['-display', 'none', '-no-reboot', '-kernel', path('kernel'), '-initrd', path('ramdisk')],
      ...['-append', 'root=/dev/vda2 ro console=ttyS0,115200 panic=-1 standin=poweroff'],
      ...['-drive', `file=${raw},if=virtio,format=raw`],
      ...['-drive', `file=${path('guest-seed.iso')},if=virtio,format=raw,readonly=on`],
      ...['-serial', `file:${path('guest.log')}`],
    ],
    { timeout: 90 * seconds, stdio: 'ignore' },
  )
  return `${readFileSync(path('guest.log'), 'utf8')}\nQEMU ended with ${status}`
}

function timing(t: { comment(text: string): void }, value: number): void {
  t.comment(`timing: outcome after ${value.toFixed(1)} s`)
}
