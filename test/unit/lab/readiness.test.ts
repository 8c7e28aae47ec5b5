import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import t from 'tap'
import { sshBanner } from '../../../src/lab/access/ssh-banner.ts'
import { diagnose, type Evidence } from '../../../src/lab/diagnosis.ts'
import { type Attempt, awaitLogin, deadlineFor, type Observation } from '../../../src/lab/readiness.ts'
import { serialTail } from '../../../src/lab/serial-log.ts'
import type { Connection } from '../../../src/model/connection.ts'

const closed: Attempt = { kind: 'closed', why: 'Connection refused' }
const full: Observation = { state: 'paused (I/O error)', running: true, serialBytes: 0 }
const running: Observation = { state: 'running (booted)', running: true, serialBytes: 0 }

/** A world whose clock moves only when somebody sleeps or asks; milliseconds. */
function puppet(script: {
  readonly attempt: (now: number) => Attempt
  readonly observe?: (now: number) => Observation
  readonly attemptTakes?: number
}) {
  let now = 0
  const attempts: number[] = []
  return {
    attempts,
    watched: {
      now: () => now,
      sleep: async (ms: number) => {
        now += ms
      },
      attempt: async () => {
        attempts.push(now)
        now += script.attemptTakes ?? 10
        return script.attempt(now)
      },
      observe: async () => script.observe?.(now) ?? running,
    },
  }
}

const deadline = { softMs: 60_000, stallMs: 15_000, hardMs: 180_000 }

t.test('a login that comes', async (t) => {
  const world = puppet({ attempt: (now) => (now > 42_000 ? { kind: 'ready' } : closed) })
  const result = await awaitLogin(world.watched, deadline)
  t.ok(result.ok)
  if (result.ok)
    t.ok(result.value.waitedMs - 42_000 <= 260, `found ${result.value.waitedMs - 42_000} ms after it worked`)
  t.strictSame(world.attempts.slice(0, 4), [0, 250, 500, 750], 'four attempts a second')
})

t.test('slow attempts follow each other at once', async (t) => {
  const world = puppet({ attempt: (now) => (now > 3000 ? { kind: 'ready' } : closed), attemptTakes: 1000 })
  t.ok((await awaitLogin(world.watched, deadline)).ok)
  t.strictSame(world.attempts, [0, 1000, 2000, 3000])
})

t.test('deadlines', async (t) => {
  const growsUntil = (end: number) => (now: number) => ({ ...running, serialBytes: Math.min(now, end) })
  const cases = [
    {
      title: 'a silent guest gets the soft deadline',
      observe: () => running,
      kind: 'stalled',
      from: 60_000,
      to: 62_500,
    },
    {
      title: 'a moving serial log extends it',
      observe: growsUntil(100_000),
      kind: 'stalled',
      from: 115_000,
      to: 119_000,
    },
    { title: 'but not for ever', observe: growsUntil(1e9), kind: 'too-slow', from: 180_000, to: 182_500 },
    {
      title: 'a guest that stopped fails at once',
      observe: (now: number) =>
        now < 5000 ? running : { state: 'shut off (crashed)', running: false, serialBytes: 9 },
      kind: 'stopped',
      from: 5000,
      to: 7500,
    },
    {
      title: 'one whose kernel panicked fails at once',
      observe: (now: number) => (now < 5000 ? running : { ...running, panicked: true }),
      kind: 'panicked',
      from: 5000,
      to: 7500,
    },
    {
      title: 'one that stands still fails at once',
      observe: (now: number) => (now < 5000 ? running : full),
      kind: 'halted',
      from: 5000,
      to: 7500,
    },
    {
      title: 'and so does one that is gone',
      observe: (now: number) => (now < 1000 ? running : { state: undefined, running: false, serialBytes: 0 }),
      kind: 'stopped',
      from: 1000,
      to: 3500,
    },
  ] as const
  for (const { title, observe, kind, from, to } of cases) {
    const result = await awaitLogin(puppet({ attempt: () => closed, observe }).watched, deadline)
    t.notOk(result.ok, title)
    if (result.ok) continue
    t.equal(result.error.kind, kind, title)
    t.ok(
      result.error.waitedMs >= from && result.error.waitedMs <= to,
      `${title}: after ${result.error.waitedMs} ms`,
    )
  }
  t.strictSame(deadlineFor('kvm'), { softMs: 60_000, stallMs: 15_000, hardMs: 180_000 })
  t.strictSame(deadlineFor('tcg'), { softMs: 360_000, stallMs: 90_000, hardMs: 1_080_000 })
  t.match(deadlineFor('tcg', 30), { softMs: 30_000, hardMs: 30_000 }, 'a person has the last word')
})

t.test('the end of a serial log', async (t) => {
  const log =
    '\u001b[2J\u001b[01;01HSeaBIOS\r\n[    0.0] Linux\u001b[0m\r\n\r\n[\u001b[0;32m  OK  \u001b[0m] Started \u001b]0;title\u0007ssh.\r\nold\rnew\r\n'
  t.strictSame(serialTail(log), ['SeaBIOS', '[    0.0] Linux', '[  OK  ] Started ssh.', 'old', 'new'])
  t.equal(serialTail(Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n')).length, 40)
})

t.test('what is said of a guest that never answers', async (t) => {
  const evidence = (
    change: Partial<Evidence>,
    attempt: Attempt = closed,
    observation = running,
  ): Evidence => ({
    domain: 'hvlab-guest1',
    host: 'h1',
    address: '192.168.122.57',
    accelerator: 'tcg',
    serialLog: '[    1.0] Linux version 6.1\n',
    dhcp,
    agent: 'disconnected',
    qemuLog: '',
    notReady: { kind: 'stalled', waitedMs: 360_400, attempt, observation },
    ...change,
  })
  const dhcp = { network: 'hvlab', server: 'running', lease: '192.168.122.57' } as const
  const stopped = { state: 'shut off (crashed)', running: false, serialBytes: 0 }
  const cases: { because: string; given: Evidence; reason?: string }[] = [
    {
      because: 'its kernel did not find the root file system',
      given: evidence({
        serialLog: 'VFS: Unable to mount root fs on unknown-block(0,0)\nKernel panic - not syncing: VFS\n',
      }),
    },
    {
      because: 'its kernel panicked',
      given: evidence({ serialLog: 'Kernel panic - not syncing: Attempted to kill init!' }),
    },
    {
      because: 'systemd stopped in emergency mode',
      given: evidence({ serialLog: 'You are in emergency mode. After logging in' }),
    },
    {
      because: 'it ran out of memory',
      given: evidence({ serialLog: 'Out of memory: Killed process 1 (systemd)' }),
    },
    {
      because: 'its disk is full',
      given: evidence({ serialLog: 'cloud-init: write failed: No space left on device' }),
    },
    {
      because: 'the domain is not running any more (shut off (crashed))',
      given: evidence({
        notReady: { kind: 'stopped', waitedMs: 360_400, attempt: closed, observation: stopped },
      }),
      reason: 'module',
    },
    {
      because: 'it stands still, because a disk of h1 was full when it wrote (I/O error)',
      given: evidence({
        notReady: { kind: 'halted', waitedMs: 360_400, attempt: closed, observation: full },
      }),
      reason: 'module',
    },
    {
      because: 'it stands still (paused (watchdog))',
      given: evidence({
        notReady: {
          ...{ kind: 'halted', waitedMs: 360_400, attempt: closed },
          observation: { ...full, state: 'paused (watchdog)' },
        },
      }),
      reason: 'module',
    },
    {
      because: 'it never printed a line, as where /dev/kvm opens but runs no kernel',
      given: evidence({ accelerator: 'kvm', serialLog: '\r\n' }),
    },
    {
      because: 'sshd answers but the login fails (All configured authentication methods failed)',
      given: evidence({}, { kind: 'refused', why: 'All configured authentication methods failed' }),
    },
    {
      because: 'it asked for no address by DHCP',
      given: evidence({ dhcp: { network: 'hvlab', server: 'running' } }),
    },
    {
      because: 'it has booted (its guest agent answers) but asked for no address by DHCP',
      given: evidence({ dhcp: { network: 'hvlab', server: 'running' }, agent: 'connected' }),
    },
    {
      because: 'DHCP gave it 192.168.122.200 instead of the reserved 192.168.122.57',
      given: evidence({ dhcp: { ...dhcp, lease: '192.168.122.200' } }),
    },
    {
      because: 'DHCP gave its address 192.168.122.57 to another machine (52:54:00:00:00:09)',
      given: evidence({ dhcp: { ...dhcp, taken: '52:54:00:00:00:09' } }),
    },
    {
      because: 'the DHCP server of network hvlab does not run',
      given: evidence({ dhcp: { ...dhcp, server: 'dead' } }),
    },
    {
      because:
        'nothing answers at 192.168.122.57, which it should set itself on the bridge of network lan (Connection refused)',
      given: evidence({ dhcp: { network: 'lan', server: 'none' } }),
    },
    {
      because: 'cloud-init found no seed, so there are no users and keys',
      given: evidence({ serialLog: 'cloud-init[300]: Used fallback datasource\n' }),
    },
    {
      because:
        'it has an address and has booted (its guest agent answers) but port 22 is closed (Connection refused)',
      given: evidence({ agent: 'connected' }),
    },
    {
      because: 'its boot is still under way',
      given: evidence({
        notReady: { kind: 'too-slow', waitedMs: 360_400, attempt: closed, observation: running },
      }),
    },
    { because: 'it has an address but port 22 is closed (Connection refused)', given: evidence({}) },
  ]
  for (const { because, given, reason } of cases) {
    const failure = diagnose(given)
    t.equal(failure.message, `Guest hvlab-guest1 on h1 accepted no SSH login within 360 s: ${because}.`)
    t.equal(failure.reason, reason ?? 'timeout')
    t.ok(failure.hint)
  }
  t.equal(
    diagnose(evidence({ serialLog: '[ 1.0] one\u001b[0m\r\n[ 2.0] two\r\n' })).details,
    [
      'domain: running (booted)',
      'DHCP: server of network hvlab runs; reserved 192.168.122.57, leased 192.168.122.57',
      'guest agent: does not answer',
      'last attempt: Connection refused',
      'last 2 lines of the serial log:',
      '[ 1.0] one',
      '[ 2.0] two',
    ].join('\n'),
  )
  const crash = { kind: 'stopped' as const, waitedMs: 1, attempt: closed, observation: stopped }
  t.match(
    diagnose(evidence({ serialLog: '', qemuLog: 'qemu: fatal\n', notReady: crash })).details,
    'last lines of QEMU:\nqemu: fatal\nthe serial log is empty',
  )
})

t.test('looking for an SSH server', async (t) => {
  const sockets = new Set<Socket>()
  let greet: (socket: Socket) => void = () => {}
  const server = createServer((socket) => {
    sockets.add(socket)
    greet(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const through = (open: Connection['forward']): Connection => ({ forward: open }) as Connection
  const tcp = through(async () => {
    const socket = connectTcp(port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  })
  greet = (socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n')
  const banner = await sshBanner(tcp, '192.0.2.1')
  if (!banner.answers) throw new Error(banner.why)
  const [said] = await once(banner.stream, 'data')
  t.equal(String(said), 'SSH-2.0-OpenSSH_9.2p1\r\n', 'a login can go on in the same connection')
  banner.stream.destroy()
  greet = (socket) => socket.write('HTTP/1.1 400\r\n')
  t.strictSame(await sshBanner(tcp, '192.0.2.1'), {
    answers: false,
    why: 'something else than SSH answers on port 22',
  })
  greet = (socket) => socket.end()
  t.strictSame(await sshBanner(tcp, '192.0.2.1'), { answers: false, why: 'port 22 opened but said nothing' })
  const refusing = through(async () => {
    throw new Error('Connection refused')
  })
  t.strictSame(await sshBanner(refusing, '192.0.2.1'), { answers: false, why: 'Connection refused' })
  greet = () => {}
  const late = connectTcp(port, '127.0.0.1')
  const hanging = through(() => new Promise((resolve) => setTimeout(resolve, 1100, late)))
  const gone = once(late, 'close')
  t.strictSame(await sshBanner(hanging, '192.0.2.1'), { answers: false, why: 'no answer within a second' })
  t.equal(late.destroyed, false)
  await gone
  t.equal(late.destroyed, true, 'a stream that comes too late is closed')
})
