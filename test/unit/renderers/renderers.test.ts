import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import type { Event, Note } from '../../../src/model/event.ts'
import { adhocRenderer } from '../../../src/renderers/adhoc.ts'
import { AnswerLine } from '../../../src/renderers/answer-line.ts'
import { createRenderer, wantsColor } from '../../../src/renderers/create.ts'
import { diffText } from '../../../src/renderers/diff-text.ts'
import { gathered, noteText } from '../../../src/renderers/messages.ts'
import { plainRenderer } from '../../../src/renderers/plain.ts'
import { recapText } from '../../../src/renderers/recap.ts'
import { applyEvent, emptyView } from '../../../src/renderers/run-view.ts'
import { durationText, fit, painter, wrap } from '../../../src/renderers/style.ts'
import { ttyRenderer } from '../../../src/renderers/tty.ts'
import { stageLines } from '../../../src/renderers/tty-lines.ts'
import { packageRoot } from '../../../src/util/package-root.ts'

const paint = painter(false)
const events: Event[] = readFileSync(join(packageRoot, 'test/cases/renderers/failing-lab.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

function pictureAfter(count: number, now: string): string[] {
  const view = emptyView()
  for (const event of events.slice(0, count)) applyEvent(view, event)
  return [...view.stages.values()].flatMap((stage) => stageLines(view, stage, Date.parse(now), paint, 80))
}

const RECAP = `
RECAP
localhost : ok=1 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0
one       : ok=2 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0
two       : ok=1 changed=0 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0

What virtualisation costs

workload          native      guest  efficiency  slowdown
cpu            4382 ev/s   546 ev/s      12.5 %      8.0×
memory 1 KiB  5950 MiB/s  203 MiB/s       3.4 %       29×

/lab/results/20260105-100000-quick/report.html

finished in 1:52 min
`

t.test('the picture of a run in progress', async (t) => {
  t.same(pictureAfter(11, '2026-01-05T10:00:33.000Z'), [
    '✔ preflight  2 hosts, 2.0 s',
    '⠴ image      0:31',
    '    localhost  image : build debian-12 0:31',
    '               unpacking packages 61 %',
    '· deploy   ',
    '· report   ',
  ])
})

t.test('what a task says of its progress stays above what its programs say', async (t) => {
  const view = emptyView()
  const place = { time: '2026-01-05T10:00:00.000Z', stage: 'image', host: 'one', task: 'x' }
  const line = () => view.stages.get('image')?.hosts.get('one')?.line
  const output = (text: string) =>
    applyEvent(view, { ...place, kind: 'task.output', stream: 'stdout', line: text })
  output('Starting VM')
  t.equal(line(), 'Starting VM')
  applyEvent(view, {
    ...place,
    kind: 'task.progress',
    text: 'install: boot',
    done: 1,
    total: 12,
    unit: 'steps',
  })
  output('Waiting for shutdown')
  t.equal(line(), 'install: boot 1/12')
})

t.test('the picture of a failed run', async (t) => {
  t.same(pictureAfter(events.length, '2026-01-05T10:02:00.000Z'), [
    '✔ preflight  2 hosts, 2.0 s',
    '✔ image      1:10 min, 1 changed',
    '✖ deploy     2 hosts, 40.0 s, 1 changed, 1 failed',
    '  ✖ two  guest1 did not answer on SSH within 30 s.',
    '- report     skipped: deploy failed',
  ])
})

t.test('many hosts are summed up', async (t) => {
  const view = emptyView()
  const time = '2026-01-05T10:00:00.000Z'
  const hosts = Array.from({ length: 200 }, (_, index) => `host${index}`)
  applyEvent(view, { time, kind: 'stage.started', stage: 'hypervisor', hosts })
  for (const host of hosts.slice(0, 50)) {
    const location = { file: 'f', line: 1, column: 1 }
    applyEvent(view, {
      time,
      kind: 'task.started',
      stage: 'hypervisor',
      host,
      task: 'x',
      name: 'install',
      module: 'apt',
      location,
    })
  }
  const [stage] = view.stages.values()
  t.ok(stage)
  if (stage) {
    t.same(stageLines(view, stage, Date.parse(time), paint, 80), [
      '⠋ hypervisor  0:00',
      '    150 hosts   waiting',
      '    50 hosts    install',
    ])
  }
})

t.test('hosts that fail for one reason are one row', async (t) => {
  const view = emptyView()
  const time = '2026-01-05T10:00:00.000Z'
  const hosts = Array.from({ length: 50 }, (_, index) => `node${index + 1}`)
  applyEvent(view, { time, kind: 'stage.started', stage: 'web', hosts })
  for (const [index, host] of hosts.entries()) {
    const message = index < 40 ? 'The mirror does not answer.' : `${host} has no room.`
    const failure = { reason: 'module', code: 'x', message } as const
    const place = { time, stage: 'web', host, task: 'x', name: 'get', module: 'fail' }
    applyEvent(view, {
      ...place,
      kind: 'task.finished',
      outcome: { kind: 'failed', failure },
      durationMs: 1,
      fingerprint: '',
    })
  }
  const [stage] = view.stages.values()
  const lines = () => (stage ? stageLines(view, stage, Date.parse(time), paint, 80) : [])
  t.same(lines().slice(1), [
    '    40 hosts    ✖ The mirror does not answer.',
    '    10 hosts    ✖ <host> has no room.',
  ])
  applyEvent(view, { time, kind: 'stage.finished', stage: 'web', outcome: 'failed', durationMs: 1 })
  t.same(lines().slice(1), [
    '  ✖ node[1-40]  The mirror does not answer.',
    '  ✖ node[41-50]  <host> has no room.',
  ])
})

t.test('plain lines', async (t) => {
  let stderr = ''
  let stdout = ''
  const renderer = plainRenderer({
    paint,
    verbosity: 0,
    diff: false,
    stderr: (text) => (stderr += text),
    stdout: (text) => (stdout += text),
  })
  for (const event of events) renderer.handle(event)
  t.equal(
    stderr,
    `hvlab quick · 20260105-100000-quick
STAGE preflight (one, two)
i one: no KVM: guests run under emulation (TCG)
  one | ok | check the host (1.5 s)
  two | ok | check the host (2.0 s)
STAGE image (localhost)
  localhost | changed | image : build debian-12 (1:10 min)
STAGE deploy (one, two)
  two | failed | guests : deploy guest1 (30.0 s): guest1 did not answer on SSH within 30 s.
  one | changed | guests : deploy guest1 (40.0 s)
✖ deploy · two · guests : deploy guest1
  guest1 did not answer on SSH within 30 s.
  │ [ 1.0] Kernel panic - not syncing
  hint: Look at its serial log.
  at /lab/roles/guests/tasks/main.yml:3 [guest-not-reachable]
STAGE report skipped: deploy failed
`,
  )
  t.equal(stdout, RECAP)
})

t.test('the terminal picture ends with failures and the recap, and draws a few times a second', async (t) => {
  const terminal = new PassThrough()
  const results = new PassThrough()
  const renderer = ttyRenderer({ paint, terminal, results })
  let frames = 0
  terminal.on('data', () => {
    frames += 1
  })
  const startedAt = Date.now()
  for (const event of events) {
    renderer.handle(event)
    for (let i = 0; i < 50; i += 1)
      renderer.handle({
        time: event.time,
        kind: 'task.output',
        stage: 'deploy',
        host: 'one',
        task: 'x',
        stream: 'stdout',
        line: `${i}`,
      })
  }
  await renderer.close()
  await renderer.close()
  const seconds = (Date.now() - startedAt) / 1000
  t.ok(frames < 20 + 40 * seconds, `${frames} writes in ${seconds} s`)
  t.equal(String(results.read()), RECAP)
  t.equal(terminal.listenerCount('data'), 1)
})

t.test('the terminal picture shows what the lines say', async (t) => {
  const terminal = new PassThrough()
  const renderer = ttyRenderer({ paint, terminal, results: new PassThrough() })
  for (const event of events) renderer.handle(event)
  await renderer.close()
  const text = stripVTControlCharacters(String(terminal.read()))
  t.match(text, '✖ deploy     2 hosts, 40.0 s, 1 changed, 1 failed')
  t.match(text, 'i one: no KVM: guests run under emulation (TCG)')
  t.match(text, '  │ [ 1.0] Kernel panic - not syncing')
})

t.test('a narrow terminal breaks notes and failures between words', async (t) => {
  const terminal = Object.assign(new PassThrough(), { columns: 30 })
  const renderer = ttyRenderer({ paint, terminal, results: new PassThrough() })
  for (const event of events) renderer.handle(event)
  await renderer.close()
  const text = stripVTControlCharacters(String(terminal.read()))
  t.match(text, '\ni one: no KVM: guests run\n  under emulation (TCG)\n')
  t.match(text, '\n  guest1 did not answer on SSH\n  within 30 s.\n  │ [ 1.0] Kernel panic - not syncing\n')
})

t.test('hosts that have the same to note share a line', async (t) => {
  const note = (text: string, host?: string): Note => ({
    ...{ time: '2026-01-05T10:00:00.000Z', kind: 'note', level: 'warning', text },
    ...(host === undefined ? {} : { host }),
  })
  const shown = (...notes: Note[]) => gathered(notes).map((each) => noteText(each, paint))
  t.strictSame(
    shown(
      note('no KVM', 'b'),
      note('its clock is late', 'b'),
      note('no KVM', 'a'),
      note('no KVM'),
      note('no KVM'),
    ),
    ['! warning: a, b: no KVM', '! warning: b: its clock is late', '! warning: no KVM'],
  )
  const fleet = Array.from({ length: 12 }, (_, index) => note('no KVM', `n${index + 10}`))
  t.strictSame(shown(...fleet), ['! warning: n[10-21]: no KVM'])
})

t.test('lines end between words, and a figure keeps its sign', async (t) => {
  t.strictSame(wrap('by 0.17 % in 3.2 × a trial', 9), ['by 0.17 %', 'in 3.2 ×', 'a trial'])
  t.strictSame(wrap('by 0.17 % in', 8), ['by', '0.17 %', 'in'])
})

t.test('ad-hoc answers', async (t) => {
  let out = ''
  const renderer = adhocRenderer({ paint, diff: true, stdout: (text) => (out += text), stderr: () => {} })
  const base = {
    time: '2026-01-05T10:00:00.000Z',
    kind: 'task.finished',
    stage: 'exec',
    task: 'exec/0',
    name: 'command',
    module: 'command',
    durationMs: 1,
    fingerprint: '',
    inventory: { sources: [], hosts: [] },
  } as const
  renderer.handle({
    time: '2026-01-05T10:00:00.000Z',
    kind: 'run.started',
    runId: 'exec',
    pipeline: 'exec',
    file: 'exec',
    version: '0.1.0',
    fingerprint: '',
    inventory: { sources: [], hosts: [] },
    check: false,
    stages: [
      { name: 'find-guests', needs: [], hosts: ['one'] },
      { name: 'exec', needs: ['find-guests'], hosts: [] },
    ],
  })
  renderer.handle({
    ...base,
    stage: 'find-guests',
    host: 'one',
    outcome: { kind: 'ok' },
    data: { guests: [] },
  })
  renderer.handle({
    ...base,
    host: 'one',
    outcome: { kind: 'changed' },
    data: { rc: 0, stdout: 'up 3 days', stderr: '' },
  })
  renderer.handle({ ...base, host: 'two', outcome: { kind: 'ok' }, data: { ping: 'pong' } })
  renderer.handle({
    time: '2026-01-05T10:00:00.000Z',
    kind: 'task.change',
    stage: 'exec',
    host: 'two',
    task: 'exec/0',
    summary: 'write /x',
    diff: { before: '', after: 'new\n' },
    applied: true,
  })
  const shown = '  --- before\n  +++ after\n  @@ -1 +1 @@\n  +new\n'
  t.ok(out.endsWith(shown), 'with --diff')
  out = out.slice(0, -shown.length)
  t.equal(out, 'one | CHANGED | rc=0 >>\nup 3 days\ntwo | SUCCESS => {\n    "ping": "pong"\n}\n')
})

t.test('a line on the terminal says who has not answered yet', async (t) => {
  let shown = ''
  const terminal = { columns: 60, write: (text: string) => (shown += text) }
  let now = 0
  const line = new AnswerLine(terminal, paint, () => now)
  t.teardown(() => line.close())
  let out = ''
  const renderer = adhocRenderer({
    paint,
    diff: false,
    line,
    stdout: (text) => (out += text),
    stderr: () => {},
  })
  const time = '2026-01-05T10:00:00.000Z'
  const hosts = ['one', 'two', 'three', 'four', 'five']
  const task = { time, stage: 'exec', task: 'exec/0', name: 'command', module: 'command' } as const
  const start = (host: string) =>
    renderer.handle({ ...task, kind: 'task.started', host, location: { file: 'f', line: 1, column: 1 } })
  const end = (host: string) =>
    renderer.handle({
      ...task,
      kind: 'task.finished',
      host,
      outcome: { kind: 'ok' },
      durationMs: 1,
      fingerprint: '',
      data: {},
    })
  const drawn = () => {
    line.draw()
    const text = shown
    shown = ''
    return text
  }
  const stages = [{ name: 'exec', needs: [], hosts }]
  const about = { runId: 'exec', pipeline: 'exec', file: 'exec', version: '0', fingerprint: '', check: false }
  renderer.handle({ time, kind: 'run.started', ...about, inventory: { sources: [], hosts }, stages })
  renderer.handle({ time, kind: 'stage.started', stage: 'exec', hosts })
  for (const host of hosts) start(host)
  now = 900
  t.equal(drawn(), '', 'answers that come soon need none')
  now = 67_300
  t.equal(drawn(), '\r\u001b[K1:07  0 of 5 hosts have answered; waiting for one, two, th…')
  end('one')
  t.equal(out, 'one | SUCCESS => {}\n')
  t.equal(drawn(), '\r\u001b[K\r\u001b[K1:07  1 of 5 hosts have answered; waiting for two, three, …')
  for (const host of ['two', 'three', 'five']) end(host)
  shown = ''
  renderer.handle({ ...task, kind: 'task.progress', host: 'four', text: 'push', done: 1, total: 4 })
  terminal.columns = 100
  t.equal(drawn(), '\r\u001b[K1:07  4 of 5 hosts have answered; waiting for four: push 25 %')
  renderer.handle({ time, kind: 'run.interrupted', signal: 'SIGINT', times: 1 })
  t.equal(drawn(), '\r\u001b[K\r\u001b[Kinterrupted by SIGINT, stopping')
  end('four')
  await renderer.close()
  t.equal(drawn(), '\r\u001b[K', 'and goes away')
})

t.test('a stage that fails as a whole says why', async (t) => {
  const finished: Event = {
    time: '2026-01-05T10:00:00.000Z',
    kind: 'run.finished',
    exitCode: 1,
    durationMs: 10,
    recap: {},
    failures: [
      {
        stage: 'exec',
        failure: {
          reason: 'config',
          code: 'no-hosts-matched',
          message: 'No host matches "guests".',
          hint: 'Look.',
        },
      },
      {
        stage: 'exec',
        host: 'one',
        task: 'exec/0',
        failure: { reason: 'module', code: 'x', message: 'shown before' },
      },
    ],
    artifacts: [],
  }
  const want = '✖ exec\n  No host matches "guests".\n  hint: Look.\n'
  let err = ''
  const stderr = (text: string) => (err += text)
  adhocRenderer({ paint, diff: false, stdout: () => {}, stderr }).handle(finished)
  t.equal(err, want)
  err = ''
  plainRenderer({ paint, verbosity: 0, diff: false, stderr, stdout: () => {} }).handle(finished)
  t.equal(err, want)
  const terminal = new PassThrough()
  const picture = ttyRenderer({ paint, terminal, results: new PassThrough() })
  picture.handle(finished)
  await picture.close()
  t.equal(String(terminal.read()), `\n${want}`)
})

t.test('formats', async (t) => {
  const screen = (isTTY: boolean, env: Record<string, string>) => {
    const stdout = new PassThrough() as unknown as NodeJS.WriteStream
    const stderr = Object.assign(new PassThrough(), { isTTY }) as unknown as NodeJS.WriteStream
    return { stdout, stderr, env }
  }
  const json = screen(false, {})
  const renderer = await createRenderer({ format: 'json', verbosity: 0, diff: false }, json)
  for (const event of events) renderer.handle(event)
  const document = JSON.parse(String(json.stdout.read()))
  t.match(document, { run: '20260105-100000-quick', exit_code: 2, hosts: { two: { failed: 1 } } })

  const jsonl = screen(false, {})
  const lines = await createRenderer({ format: 'jsonl', verbosity: 0, diff: false }, jsonl)
  for (const event of events) lines.handle(event)
  t.same(
    String(jsonl.stdout.read())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    events,
  )

  t.equal(wantsColor(screen(true, {})), true)
  t.equal(wantsColor(screen(true, { NO_COLOR: '1' })), false)
  t.equal(wantsColor(screen(true, { TERM: 'dumb' })), false)
  t.equal(wantsColor(screen(false, {})), false)
  t.equal(wantsColor(screen(false, { FORCE_COLOR: '1' })), true)
})

t.test('a unified diff', async (t) => {
  const before = 'a\nb\nc\nd\ne\nf\ng\nh\n'
  t.equal(
    diffText({ before, after: before.replace('g', 'G'), beforeLabel: '/etc/x' }, paint),
    '  --- /etc/x\n  +++ after\n  @@ -4 +4 @@\n   d\n   e\n   f\n  -g\n  +G\n   h',
  )
  t.equal(diffText({ before: '', after: 'new\n' }, paint), '  --- before\n  +++ after\n  @@ -1 +1 @@\n  +new')
})

t.test('a narrow terminal loses the last columns of the result, not its lines', async (t) => {
  const finished = events.at(-1)
  t.ok(finished?.kind === 'run.finished')
  if (finished?.kind !== 'run.finished') return
  const text = recapText(finished, paint, 50)
  t.match(
    text,
    '\nworkload          native      guest  efficiency\ncpu            4382 ev/s   546 ev/s      12.5 %\n',
  )
  t.match(recapText(finished, paint, 24), '\nworkload          native\ncpu            4382 ev/s\n')
})

t.test('durations', async (t) => {
  t.same([400, 12_340, 125_000, 3_723_000].map(durationText), ['0.4 s', '12.3 s', '2:05 min', '1:02:03 h'])
})

t.test('lines fit a narrow terminal', async (t) => {
  t.equal(fit('short', 60), 'short')
  t.equal(fit('abcdefgh', 5), 'abcd…')
  const red = painter(true)('red', 'abcdefgh')
  t.equal(stripVTControlCharacters(fit(red, 5)), 'abcd…')
  t.ok(fit(red, 5).endsWith('\u001b[39m'))
  t.equal(fit('日本語テキスト', 7), '日本語…', 'wide characters take two columns')
})
