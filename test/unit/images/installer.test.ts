import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { installerFailure } from '../../../src/images/installer/failure.ts'
import {
  eventFromJson,
  eventFromLine,
  type InstallerEvent,
} from '../../../src/images/installer/installer-event.ts'
import { InstallerWatch } from '../../../src/images/installer/installer-watch.ts'
import { installerLimits } from '../../../src/images/installer/limits.ts'
import { LineReader } from '../../../src/images/installer/line-reader.ts'
import type { Observation } from '../../../src/images/installer/observation.ts'
import type { FailureCause, InstallerOutcome } from '../../../src/images/installer/outcome.ts'
import { lastLine, packerError } from '../../../src/images/installer/packer-message.ts'
import { phaseAfter } from '../../../src/images/installer/phase.ts'
import { observationOf } from '../../../src/images/installer/qmp.ts'
import { findingOf, type SerialFinding } from '../../../src/images/installer/serial-finding.ts'
import { superviseInstaller } from '../../../src/images/installer/supervise.ts'
import { openWebhook } from '../../../src/images/installer/webhook.ts'
import { deferred } from '../../../src/util/deferred.ts'

t.test('lines of the console that say something', async (t) => {
  const evidence = (
    cause: 'out-of-memory' | 'no-space' | 'mirror-unreachable' | 'package-unknown' | 'disk-unreadable',
    text: string,
  ) => ({ kind: 'evidence', cause, text }) as const
  const cases: [line: string, finding: SerialFinding | undefined][] = [
    ['Confirmation is required to continue.', { kind: 'no-argument' }],
    ['Continue with autoinstall? (yes|no)', { kind: 'no-argument' }],
    ['[ Continue in rich mode  > ]', { kind: 'no-seed' }],
    ['  Willkommen! Bienvenue! Welcome! Добро пожаловать! Welkom!', { kind: 'no-seed' }],
    [
      '[   41.2] cloud-init[902]: Cloud-init v. 22.4.2 finished at Wed, 22 Mar 2023. Datasource DataSourceNone.  Up 41 seconds',
      { kind: 'no-seed' },
    ],
    ['Datasource DataSourceNoCloud [seed=/dev/vdb][dsmode=net].  Up 41 seconds', undefined],
    ['Unable to find a medium containing a live file system', { kind: 'no-medium' }],
    ['An error occurred. Press enter to start a shell', { kind: 'gave-up' }],
    // The installer also writes such reports about what it then does without.
    ['generating crash report', undefined],
    [
      '[    2.812345] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
      { kind: 'panic', message: 'VFS: Unable to mount root fs on unknown-block(0,0)' },
    ],
    ['Kernel panic - not syncing', { kind: 'panic', message: '' }],
    ['---[ end Kernel panic - not syncing: x ]---', { kind: 'panic', message: 'x ]---' }],
    [
      '[  812.0] Out of memory: Killed process 812 (subiquity) total-vm:1kB',
      evidence('out-of-memory', 'Out of memory: Killed process 812 (subiquity) total-vm:1kB'),
    ],
    [
      '[   9.1] Kernel panic - not syncing: System is deadlocked on memory',
      evidence('out-of-memory', 'Kernel panic - not syncing: System is deadlocked on memory'),
    ],
    [
      'tar: write error: No space left on device',
      evidence('no-space', 'tar: write error: No space left on device'),
    ],
    [
      "W: Failed to fetch http://archive.ubuntu.com/ubuntu/dists/focal/InRelease  Temporary failure resolving 'archive.ubuntu.com'",
      evidence(
        'mirror-unreachable',
        "W: Failed to fetch http://archive.ubuntu.com/ubuntu/dists/focal/InRelease  Temporary failure resolving 'archive.ubuntu.com'",
      ),
    ],
    ...[
      'E: Unable to locate package fi0',
      "E: Package 'fio' has no installation candidate",
      "E: Version '9' for 'fio' was not found",
    ].map((text): [string, SerialFinding] => [text, evidence('package-unknown', text)]),
    [
      '[ 5.5] blk_update_request: I/O error, dev sr0, sector 64 op 0x0:(READ)',
      evidence('disk-unreadable', 'blk_update_request: I/O error, dev sr0, sector 64 op 0x0:(READ)'),
    ],
    ['start: subiquity/Install/install/configure_apt: configuring apt', undefined],
    ['HVLAB-OK abc', undefined],
  ]
  for (const [line, finding] of cases) t.same(findingOf(line), finding, line)
})

t.test('events, from both reporters', async (t) => {
  const cases: [line: string, event: InstallerEvent | undefined][] = [
    [
      'start: subiquity/Install/install/configure_apt: configuring apt',
      { type: 'start', name: 'subiquity/Install/install/configure_apt', description: 'configuring apt' },
    ],
    [
      'Nov 02 subiquity_event.771[771]: finish: subiquity/Late/run/command_0: FAIL: Command x: y failed',
      {
        type: 'finish',
        name: 'subiquity/Late/run/command_0',
        result: 'FAIL',
        description: 'Command x: y failed',
      },
    ],
    [
      'finish: subiquity/Late/run: SUCCESS: ',
      { type: 'finish', name: 'subiquity/Late/run', result: 'SUCCESS', description: '' },
    ],
    ['start: subiquity/Late/run: ', { type: 'start', name: 'subiquity/Late/run', description: '' }],
    ['finish: subiquity/Late/run: perhaps', undefined],
    ['restart: subiquity/Late/run: x', undefined],
    ['start: somethingelse: x', undefined],
  ]
  for (const [line, event] of cases) t.same(eventFromLine(line), event, line)
  t.same(
    eventFromJson(
      '{"name":"subiquity/Late/run","description":"\\u001b[31mred","event_type":"finish","origin":"curtin","level":"INFO","result":"WARN"}',
    ),
    { type: 'finish', name: 'subiquity/Late/run', description: 'red', result: 'WARN' },
    'no escapes',
  )
  for (const body of [
    '',
    '[]',
    'null',
    '{"name":1,"event_type":"start"}',
    '{"name":"x","event_type":"end"}',
  ]) {
    t.equal(eventFromJson(body), undefined, `not an event: ${body}`)
  }
  t.equal(
    eventFromJson(`{"name":"x","event_type":"start","description":"${'y'.repeat(9000)}"}`)?.description
      .length,
    2000,
  )
})

t.test('phases, by the names of events', async (t) => {
  const install = 'subiquity/Install/install'
  const curtin = `${install}/curtin_install/run_curtin_step/cmd-install`
  const cases: [name: string, phase: string][] = [
    ['subiquity/Meta/apply_autoinstall_config', 'settings'],
    [`${install}/configure_apt`, 'settings'],
    [`${curtin}/stage-partitioning/builtin/cmd-block-meta`, 'partitioning'],
    [`${curtin}/stage-extract/builtin/cmd-extract`, 'extraction'],
    [`${curtin}/stage-curthooks/builtin/cmd-curthooks/installing-kernel`, 'kernel'],
    [`${install}/postinstall/install_openssh-server`, 'packages'],
    [`${install}/postinstall/run_unattended_upgrades`, 'updates'],
    [`${install}/postinstall/restore_apt_config`, 'updates'],
    ['subiquity/Late/run/command_3', 'late commands'],
    ['subiquity/Error/run', 'late commands'],
    ['subiquity/Shutdown/shutdown', 'shutdown'],
  ]
  let phase = phaseAfter('boot', { type: 'start', name: 'cmd-install', description: '' })
  t.equal(phase, 'boot', 'a name that tells nothing')
  for (const [name, expected] of cases) {
    phase = phaseAfter(phase, { type: 'start', name, description: '' })
    t.equal(phase, expected, name)
  }
})

t.test('a console in pieces becomes plain lines', async (t) => {
  const lines: string[] = []
  const reader = new LineReader((line) => lines.push(line))
  const bytes = Buffer.from('one\r\n\u001b[1mtwo é\u001b[0m\r\rthree\n\n(yes|no) ')
  for (const byte of bytes) reader.push(Uint8Array.of(byte))
  t.same(lines, ['one', 'two é', 'three'])
  t.equal(reader.unfinished, '(yes|no)')
  reader.push(Buffer.from(`${'x'.repeat(20_000)}`))
  reader.push(Buffer.from(`${'y'.repeat(9_000)}\n`))
  t.same(
    lines.slice(3).map((line) => line.length),
    [8192, 8192, 8192],
    'an endless line is cut',
  )
  const broken: string[] = []
  new LineReader((line) => broken.push(line)).push(Buffer.from([0x61, 0xc3, 0x0a]))
  t.same(broken, ['a\ufffd'], 'a character that was cut off')
})

t.test('messages of QEMU', async (t) => {
  const cases: [message: string, observation: Observation | undefined][] = [
    ['{"return": {}}', undefined],
    ['not JSON', undefined],
    ['null', undefined],
    ['{"event": "SHUTDOWN", "data": 7}', { kind: 'shutdown', reason: 'no reason given' }],
    ['{"event": "GUEST_PANICKED", "data": {"action": "pause"}}', { kind: 'panicked' }],
    [
      '{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}',
      { kind: 'shutdown', reason: 'guest-shutdown' },
    ],
    [
      '{"event": "BLOCK_IO_ERROR", "data": {"device": "virtio0", "nospace": true, "reason": "No space left on device", "operation": "write", "action": "stop"}}',
      { kind: 'disk-error', device: 'virtio0', reason: 'No space left on device', noSpace: true },
    ],
    ['{"event": "RTC_CHANGE", "data": {"offset": 0}}', undefined],
  ]
  for (const [message, observation] of cases) t.same(observationOf(message), observation, message)
})

t.test('what Packer says of a failure', async (t) => {
  t.equal(
    packerError(
      "==> qemu: Error launching VM\nBuild 'qemu' errored: Error launching VM: Qemu failed to start.\n",
    ),
    'Error launching VM: Qemu failed to start.',
  )
  t.equal(packerError("Build 'qemu' errored after 3 seconds 2 milliseconds: no disk"), 'no disk')
  t.equal(packerError('Error: Unsupported block type\n\n  on a line'), 'Error: Unsupported block type')
  t.equal(packerError('==> qemu: Starting VM'), undefined)
  t.equal(lastLine('one\n two\n\n'), 'two')
})

const nonce = '5f2c'
const limits = { ...installerLimits('kvm'), graceMs: 20_000 }
type Step = [ms: number, observation: Observation]
const line = (text: string): Observation => ({ kind: 'line', text })
const start = (name: string, description = ''): Observation => ({
  kind: 'event',
  event: { type: 'start', name, description },
})
const finish = (name: string, result: 'SUCCESS' | 'FAIL' = 'SUCCESS', description = ''): Observation => ({
  kind: 'event',
  event: { type: 'finish', name, description, result },
})
const shutdown = (reason: string): Observation => ({ kind: 'shutdown', reason })
const ended = (exitCode = 0, output = ''): Observation => ({ kind: 'child-ended', exitCode, output })
const gone: Observation = { kind: 'qemu-gone' }
const boot: Step[] = [
  [100, { kind: 'qemu-found' }],
  [900, line('[    0.000000] Linux version 5.4.0-144-generic')],
]
const install: Step[] = [
  ...boot,
  [30_000, start('subiquity/Install/install')],
  [31_000, start('subiquity/Install/install/curtin_install/run_curtin_step/cmd-install/stage-partitioning')],
  [33_000, finish('subiquity/Install/install/curtin_install/run_curtin_step/cmd-install/stage-partitioning')],
]
const done: Step[] = [
  ...install,
  [90_000, finish('subiquity/Install/install')],
  [91_000, start('subiquity/Late/run')],
  [92_000, line(`HVLAB-OK ${nonce}`)],
  [93_000, finish('subiquity/Late/run')],
  [94_000, start('subiquity/Shutdown/shutdown', 'mode=POWEROFF')],
]

/** Plays observations, then lets time pass to whatever is due; returns the outcome and when it was there. */
function play(steps: Step[]): { outcome: InstallerOutcome; at: number; progress: string[] } {
  const watch = new InstallerWatch({ nonce, limits, now: 0 })
  const progress: string[] = []
  let at = 0
  const until = (ms: number) => {
    while (watch.outcome === undefined && watch.dueAt <= ms) {
      at = watch.dueAt
      watch.observe({ kind: 'time' }, at)
    }
  }
  for (const [ms, observation] of steps) {
    until(ms)
    if (watch.outcome !== undefined) break
    at = ms
    watch.observe(observation, ms)
    if (progress.at(-1) !== watch.progress.text) progress.push(watch.progress.text)
  }
  until(Number.MAX_SAFE_INTEGER)
  if (watch.outcome === undefined) throw new Error('no outcome')
  return { outcome: watch.outcome, at, progress }
}

t.test(
  'success needs the last event, the marker, the guest’s own shutdown, and the end of Packer',
  async (t) => {
    const good = play([...done, [95_000, shutdown('guest-shutdown')], [95_010, gone], [120_000, ended()]])
    t.match(good.outcome, {
      kind: 'success',
      proof: {
        finalEvent: 'subiquity/Shutdown/shutdown',
        marker: 'HVLAB-OK 5f2c',
        shutdownReason: 'guest-shutdown',
      },
      durations: {
        start: 0.1,
        boot: 29.9,
        settings: 1,
        partitioning: 60,
        'late commands': 3,
        finishing: 24.5,
      },
      events: 7,
    })
    t.equal(good.at, 120_000)
    t.same(good.progress, [
      'boot',
      'settings: install',
      'partitioning: stage-partitioning',
      'late commands: run',
      'shutdown: mode=POWEROFF',
      'finishing',
    ])
    t.equal(
      play([...done, [95_000, shutdown('guest-reset')], [95_010, gone], [96_000, ended()]]).outcome.kind,
      'success',
    )
    t.equal(
      play([...done, [95_000, shutdown('guest-shutdown')], [95_010, gone], [95_100, ended()]]).outcome.kind,
      'success',
      'QEMU itself as the child ends at once',
    )
  },
)

t.test('every failure by its name', async (t) => {
  const late = 'subiquity/Late/run'
  const cases: [name: string, steps: Step[], cause: FailureCause, at?: number][] = [
    [
      'the argument is missing',
      [...boot, [40_000, { kind: 'prompt', text: 'Continue with autoinstall? (yes|no)' }]],
      { kind: 'no-autoinstall-argument' },
      40_000,
    ],
    ['no seed', [...boot, [40_000, line('Continue in rich mode')]], { kind: 'seed-not-found' }, 40_000],
    [
      'no medium',
      [...boot, [9_000, line('Unable to find a live file system on the network')]],
      { kind: 'medium-not-found' },
      9_000,
    ],
    [
      'the deepest step counts, and the logs are waited for',
      [
        ...install,
        [91_000, start(late)],
        [91_500, finish(`${late}/command_2`, 'FAIL', 'exit status 3')],
        [92_000, finish(late, 'FAIL', 'late commands failed')],
        [95_000, { kind: 'logs', path: '/build/logs.tar.gz' }],
        [96_000, line(`HVLAB-FAIL ${nonce}`)],
        [97_000, shutdown('guest-shutdown')],
        [97_010, gone],
      ],
      { kind: 'step-failed', step: `${late}/command_2`, message: 'exit status 3' },
      96_500,
    ],
    [
      'error-commands that never end are not waited for',
      [...install, [40_000, finish('subiquity/Install/install', 'FAIL', 'boom')]],
      { kind: 'step-failed', step: 'subiquity/Install/install', message: 'boom' },
      60_000,
    ],
    [
      'a machine that is kept is told by the marker',
      [...install, [40_000, start('subiquity/Error/run')], [45_000, line(`HVLAB-FAIL ${nonce}`)]],
      {
        kind: 'step-failed',
        step: 'subiquity/Install/install',
        message: 'the installer gave up without naming a step',
      },
      45_500,
    ],
    [
      'a failure that the installer catches is none',
      [
        ...install,
        [40_000, finish('subiquity/Mirror/check', 'FAIL', 'no geoip')],
        ...done.slice(install.length),
        [95_000, shutdown('guest-shutdown')],
        [96_000, ended(1, "Build 'x' errored: disk")],
      ],
      { kind: 'packer-failed', exitCode: 1, message: 'disk' },
      96_000,
    ],
    [
      'panic with pvpanic',
      [
        ...install,
        [50_000, line('Kernel panic - not syncing: Fatal exception')],
        [50_100, { kind: 'panicked' }],
        [50_101, shutdown('guest-panic')],
        [50_110, gone],
      ],
      { kind: 'panic', message: 'Fatal exception' },
      50_500,
    ],
    [
      'panic without: QEMU says reset',
      [...boot, [5_000, line('Kernel panic - not syncing: VFS')], [5_100, shutdown('guest-reset')]],
      { kind: 'panic', message: 'VFS' },
    ],
    ['panic that only QEMU saw', [...boot, [5_000, shutdown('guest-panic')]], { kind: 'panic', message: '' }],
    [
      'out of memory',
      [...install, [50_000, line('Out of memory: Killed process 812 (subiquity)')]],
      {
        kind: 'out-of-memory',
        text: 'Out of memory: Killed process 812 (subiquity)',
        step: 'subiquity/Install/install',
      },
      50_000,
    ],
    [
      'out of memory as a panic',
      [
        ...boot,
        [5_000, line('Kernel panic - not syncing: System is deadlocked on memory')],
        [5_001, shutdown('guest-panic')],
      ],
      { kind: 'out-of-memory', text: 'Kernel panic - not syncing: System is deadlocked on memory' },
    ],
    [
      'no space in the guest',
      [
        ...install,
        [50_000, finish('subiquity/Install/install', 'FAIL', 'cp: No space left on device')],
        [51_000, shutdown('guest-shutdown')],
      ],
      {
        kind: 'no-space',
        where: 'guest',
        text: 'cp: No space left on device',
        step: 'subiquity/Install/install',
      },
    ],
    [
      'no space on the host stops the machine at once',
      [
        ...install,
        [50_000, { kind: 'disk-error', device: 'virtio0', reason: 'No space left on device', noSpace: true }],
      ],
      { kind: 'no-space', where: 'host', text: 'virtio0: No space left on device' },
      50_000,
    ],
    [
      'mirror unreachable, seen in the log that the error-commands print',
      [
        ...install,
        [50_000, finish('subiquity/Install/install', 'FAIL', 'exit status 100')],
        [51_000, line("E: Could not resolve 'archive.ubuntu.com'")],
        [52_000, shutdown('guest-shutdown')],
      ],
      {
        kind: 'mirror-unreachable',
        text: "E: Could not resolve 'archive.ubuntu.com'",
        step: 'subiquity/Install/install',
      },
    ],
    [
      'a package that apt does not have, above a base',
      [
        ...boot.slice(0, 1),
        [5_000, start('hvlab/Layer/packages/install')],
        [6_000, line('E: Unable to locate package fi0')],
        [6_100, finish('hvlab/Layer/packages/install', 'FAIL', 'E: Unable to locate package fi0')],
        [7_000, shutdown('guest-shutdown')],
      ],
      {
        kind: 'package-unknown',
        text: 'E: Unable to locate package fi0',
        step: 'hvlab/Layer/packages/install',
      },
    ],
    [
      'evidence of an earlier phase explains nothing',
      [
        ...boot,
        [5_000, line("Could not resolve 'api.snapcraft.io'")],
        ...install.slice(2),
        [50_000, finish('subiquity/Install/install', 'FAIL', 'exit status 1')],
        [52_000, shutdown('guest-shutdown')],
      ],
      { kind: 'step-failed', step: 'subiquity/Install/install', message: 'exit status 1' },
    ],
    ['a hang', install, { kind: 'stalled', silentMs: 180_000, step: 'subiquity/Install/install' }, 213_000],
    ['a hang while booting', boot, { kind: 'stalled', silentMs: 300_000 }, 300_900],
    [
      'a hang that a full disk explains',
      [...install, [40_000, line('dd: No space left on device')]],
      {
        kind: 'no-space',
        where: 'guest',
        text: 'dd: No space left on device',
        step: 'subiquity/Install/install',
      },
      220_000,
    ],
    [
      'chatter until the deadline',
      [...boot, ...Array.from({ length: 60 }, (_, i): Step => [60_000 * (i + 1), line('still here')])],
      { kind: 'deadline', afterMs: 3_600_000 },
      3_600_000,
    ],
    [
      'QEMU killed',
      [...install, [50_000, gone], [50_050, ended(0, 'artifacts of successful builds')]],
      { kind: 'qemu-died', why: '' },
      50_500,
    ],
    [
      'QEMU ended by a signal',
      [...install, [50_000, shutdown('host-signal')], [50_001, gone]],
      { kind: 'qemu-died', why: 'host-signal' },
    ],
    [
      'QEMU as the child',
      [...install, [50_000, gone], [50_050, ended(139, 'segmentation fault')]],
      { kind: 'qemu-died', why: 'segmentation fault' },
    ],
    [
      'Packer never starts QEMU',
      [[300, ended(1, 'Error: Unsupported block type\n')]],
      { kind: 'packer-failed', exitCode: 1, message: 'Error: Unsupported block type' },
      800,
    ],
    [
      'Packer gives up and kills QEMU',
      [...install, [50_000, gone], [50_100, ended(1, "Build 'qemu' errored: timeout")]],
      { kind: 'packer-failed', exitCode: 1, message: 'timeout' },
    ],
    [
      'power-off in the middle',
      [...install, [50_000, shutdown('guest-shutdown')]],
      {
        kind: 'unproven',
        shutdownReason: 'guest-shutdown',
        missing: ['its last event', 'the marker of its last command'],
      },
      50_500,
    ],
    [
      'a marker of another build, or inside the text of a command, proves nothing',
      [
        ...install,
        [50_000, line('HVLAB-OK 0000')],
        [50_001, line(`start: subiquity/Late/run/command_9: echo HVLAB-OK ${nonce}`)],
        [50_002, start('subiquity/Shutdown/shutdown')],
        [50_003, shutdown('guest-shutdown')],
      ],
      {
        kind: 'unproven',
        shutdownReason: 'guest-shutdown',
        missing: ['the marker of its last command'],
      },
    ],
    [
      'a failed step is told although nothing else was',
      [
        ...install,
        [50_000, finish('subiquity/Install/install/x', 'FAIL', 'x broke')],
        [50_003, shutdown('guest-shutdown')],
      ],
      { kind: 'step-failed', step: 'subiquity/Install/install/x', message: 'x broke' },
    ],
  ]
  for (const [name, steps, cause, at] of cases) {
    const result = play(steps)
    t.same(result.outcome.kind === 'failed' ? result.outcome.cause : result.outcome, cause, name)
    if (at !== undefined) t.equal(result.at, at, `${name}: when`)
  }
})

t.test('a failure for people', async (t) => {
  const { outcome } = play([
    ...install,
    [40_000, finish('subiquity/Install/install', 'FAIL', 'boom\nTraceback')],
    [41_000, { kind: 'logs', path: '/build/logs.tar.gz' }],
    [42_000, line('the end')],
    [43_000, shutdown('guest-shutdown')],
  ])
  if (outcome.kind !== 'failed') throw new Error('it failed')
  t.same(installerFailure(outcome, { serialFile: '/build/serial.log', kept: '/build/serial' }), {
    reason: 'module',
    code: 'installer-step-failed',
    message: 'the installer failed at subiquity/Install/install: boom',
    details: [
      '[    0.000000] Linux version 5.4.0-144-generic',
      'the end',
      'serial console: /build/serial.log',
      'logs of the installer: /build/logs.tar.gz',
      'the machine still runs; its console: socat -,raw,echo=0 UNIX-CONNECT:/build/serial',
    ].join('\n'),
  })
  const messages: [cause: FailureCause, message: string][] = [
    [
      { kind: 'stalled', silentMs: 180_000, step: 'a/b' },
      'the installer said nothing for 180 s (phase kernel, a/b)',
    ],
    [{ kind: 'deadline', afterMs: 60_000 }, 'the installation did not end within 60 s (phase kernel)'],
    [{ kind: 'panic', message: 'VFS' }, 'the kernel panicked (phase kernel): VFS'],
    [
      { kind: 'qemu-died', why: 'host-signal' },
      'QEMU ended in the middle of the installation (phase kernel): host-signal',
    ],
    [{ kind: 'packer-failed', exitCode: 1, message: 'no disk' }, 'packer failed (exit code 1): no disk'],
    [
      { kind: 'no-space', where: 'host', text: 'virtio0: full' },
      'the disk of this machine is full: QEMU cannot write the image (virtio0: full)',
    ],
    [
      { kind: 'unproven', shutdownReason: 'guest-shutdown', missing: ['a', 'b'] },
      'the machine ended (guest-shutdown) but the installation is not proven: a and b did not come',
    ],
    [{ kind: 'cancelled' }, 'the installation was interrupted'],
  ]
  for (const [cause, message] of messages) {
    const failed = {
      kind: 'failed',
      cause,
      phase: 'kernel',
      serialTail: [],
      durations: {},
      events: 0,
    } as const
    t.equal(installerFailure(failed, { serialFile: '/s' }).message, message)
  }
})

t.test('limits follow the accelerator, or what a person set', async (t) => {
  t.equal(installerLimits('kvm').stallMs.boot, 300_000)
  t.equal(installerLimits('tcg').stallMs.boot, 1_800_000)
  const set = installerLimits('tcg', { stallSeconds: 7, deadlineSeconds: 60 })
  t.same([set.stallMs.boot, set.stallMs.kernel, set.deadlineMs], [7000, 7000, 60_000])
})

t.test('the webhook takes events and logs of its own build only', async (t) => {
  const folder = t.testdir()
  const logsFile = join(folder, 'logs.tar.gz')
  const webhook = await openWebhook({ logsFile })
  t.teardown(() => webhook.close())
  t.match(webhook.url, /^http:\/\/10\.0\.2\.2:\d+\/[0-9a-f]{32}\/$/)
  const url = webhook.url.replace('10.0.2.2', '127.0.0.1')
  const send = async (address: string, body: string, method = 'POST') =>
    (await fetch(address, { method, ...(method === 'GET' ? {} : { body }) })).status
  const event = '{"name":"subiquity/Late/run","description":"","event_type":"start"}'
  t.equal(await send(url, event), 200)
  const got: Observation[] = []
  webhook.listen((observation) => got.push(observation))
  t.same(got, [start('subiquity/Late/run')], 'what came before is handed over')
  t.equal(await send(url.slice(0, -1), event), 200, 'without the slash')
  t.equal(await send(`${url}logs`, 'bytes', 'PUT'), 200)
  t.same(got.slice(1), [start('subiquity/Late/run'), { kind: 'logs', path: logsFile }])
  t.equal(readFileSync(logsFile, 'utf8'), 'bytes')
  t.equal(await send(url, 'nonsense'), 400)
  t.equal(await send(url, '', 'GET'), 405)
  t.equal(await send(url.replace(/[0-9a-f]{32}/, '0'.repeat(32)), event), 404)
  t.equal(await send(`${url}other`, event), 404)
  await t.rejects(send(url, 'x'.repeat(2 << 20)), 'a body without measure is cut off')
  t.equal(got.length, 3)
})

/** A QEMU of which only the monitor is there. */
async function monitor(path: string) {
  const connected = deferred<(message: unknown) => void>()
  const server = createServer((socket) => {
    // The supervision may be over, and its end of the connection gone, with something still to read.
    socket.on('error', () => {})
    socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n')
    socket.once('data', () => {
      socket.write('{"return": {}}\r\n')
      connected.resolve((message) =>
        message === null ? socket.end() : socket.write(`${JSON.stringify(message)}\r\n`),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return { send: connected.promise, close: () => server.close() }
}

t.test('supervision, with a monitor, a console and a webhook that are real', async (t) => {
  // The path of a socket has at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'hvlab-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const run = async (name: string, over: { stallSeconds?: number } = {}) => {
    const webhook = await openWebhook({ logsFile: join(folder, `${name}.tar.gz`) })
    const child = deferred<{ exitCode: number; stdout: string; stderr: string }>()
    const abort = new AbortController()
    const progress: string[] = []
    const serialFile = join(folder, `${name}.log`)
    const outcome = superviseInstaller({
      qmpSocket: join(folder, `${name}.qmp`),
      serialFile,
      webhook,
      nonce,
      child: child.promise,
      signal: abort.signal,
      onProgress: ({ text }) => progress.push(text),
      limits: installerLimits('kvm', over),
    })
    // The socket appears after supervision began, as with Packer.
    const qemu = await monitor(join(folder, `${name}.qmp`))
    t.teardown(() => {
      qemu.close()
      return webhook.close()
    })
    const post = async (name: string) =>
      await fetch(webhook.url.replace('10.0.2.2', '127.0.0.1'), {
        method: 'POST',
        body: JSON.stringify({ name, description: '', event_type: 'start' }),
      })
    return {
      outcome,
      child,
      abort,
      progress,
      serial: (text: string) => appendFileSync(serialFile, text),
      post,
      send: await qemu.send,
    }
  }

  const good = await run('good')
  good.serial('Linux version\nHVLAB-')
  await good.post('subiquity/Late/run')
  await good.post('subiquity/Shutdown/shutdown')
  good.serial(`OK ${nonce}\n`)
  good.send({ event: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } })
  good.send(null)
  good.child.resolve({ exitCode: 0, stdout: '', stderr: '' })
  t.equal((await good.outcome).kind, 'success')
  t.same(good.progress.slice(0, 2), ['start: starting the machine', 'boot'])

  const asked = await run('asked')
  asked.serial('Continue with autoinstall? (yes|no) ')
  t.match(
    await asked.outcome,
    { kind: 'failed', cause: { kind: 'no-autoinstall-argument' } },
    'a prompt without line end',
  )

  const silent = await run('silent', { stallSeconds: 0.3 })
  t.match(await silent.outcome, { kind: 'failed', cause: { kind: 'stalled' }, phase: 'boot' })

  const cancelled = await run('cancelled')
  cancelled.abort.abort()
  t.match(await cancelled.outcome, { kind: 'failed', cause: { kind: 'cancelled' } })

  const lost = await run('lost')
  lost.child.reject(new Error('the connection is gone'))
  await t.rejects(lost.outcome, { message: 'the connection is gone' })
})
