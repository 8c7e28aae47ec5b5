import { appendFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readJournal, replayJournal } from '../../../src/engine/journal.ts'
import { runPlan } from '../../../src/engine/run.ts'
import { Secrets } from '../../../src/engine/secrets.ts'
import type { Event } from '../../../src/model/event.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { Plan } from '../../../src/model/plan.ts'
import { printable } from '../../../src/util/printable.ts'
import { failureOf } from '../../support/failure-of.ts'
import { block, counts, dataOf, optionsOf, Puppets, planOf, play, run, story, task } from './plan-builder.ts'

/** A world that commands change: what a run leaves behind can be compared. */
class World {
  readonly did: string[] = []
  readonly puppets = new Puppets((host, text) => {
    if (text !== 'open') this.did.push(`${host} ${text}`)
    return `said ${text} on ${host}`
  })
}

/** Registered results, variables, handlers, a loop, a rescue, hosts that came to be, a hidden task. */
function richPlan(): Plan {
  const flush = task('s/f', 'meta', { _raw_params: 'flush_handlers' })
  return planOf({
    groups: { guests: [] },
    stages: [
      play(
        's',
        ['a', 'b'],
        [
          task('s/0', 'act', { cmd: 'first' }, { register: 'r', notify: ['restart'] }),
          task('s/1', 'set_fact', { kept: '{{ r.stdout }}' }),
          task('s/2', 'act', { cmd: 'item-{{ item }}' }, { loop: [1, 2] }),
          task('s/3', 'act', { cmd: 'hidden' }, { noLog: true, register: 'hidden' }),
          block('s/4', {
            block: [task('s/4.0', 'fail', {}, { when: ["inventory_hostname == 'a'"] })],
            rescue: [task('s/4.r', 'act', { cmd: 'rescue' })],
          }),
          flush,
          task('s/5', 'act', { cmd: '{{ kept }} {{ hidden.stdout }}' }),
          task(
            's/6',
            'add_host',
            { name: 'g', groups: ['guests'], vars: { ansible_connection: 'local' } },
            { runOnce: true },
          ),
        ],
        { handlers: [task('s/h', 'act', { cmd: 'restart' }, { name: 'restart' })] },
      ),
      { ...play('t', [], [task('t/0', 'act', { cmd: 'on guest' })], { needs: ['s'] }), pattern: 'guests' },
    ],
  })
}

t.test('a journal holds the run, is the user’s alone, and replays', async (t) => {
  const folder = join(t.testdir({}), 'run')
  const events: Event[] = []
  const outcome = await runPlan(
    richPlan(),
    optionsOf(events, { runDirectory: folder, openConnection: new World().puppets.open }),
  )
  t.equal(outcome.exitCode, 0)
  t.equal(statSync(folder).mode & 0o777, 0o700)
  t.equal(statSync(join(folder, 'journal.jsonl')).mode & 0o777, 0o600)
  const replayed: Event[] = []
  await replayJournal(folder, (event) => replayed.push(event))
  t.same(replayed, JSON.parse(JSON.stringify(events)))
  t.equal(replayed[0]?.kind, 'run.started')
  t.equal(replayed.at(-1)?.kind, 'run.finished')
})

t.test('a torn last line is left out; a broken line inside is an error', async (t) => {
  const folder = t.testdir({
    'journal.jsonl': '{"kind":"note","time":"x","level":"info","text":"a"}\n{"kind":"no',
  })
  t.match(await readJournal(folder), { isTorn: true, events: [{ text: 'a' }] })
  appendFileSync(join(folder, 'journal.jsonl'), '\n{"kind":"note","time":"x","level":"info","text":"b"}\n')
  await t.rejects(readJournal(folder), { message: `Line 2 of ${folder}/journal.jsonl is not an event.` })
  await t.rejects(readJournal(join(folder, 'none')), {
    message: `There is no journal.jsonl in ${folder}/none.`,
  })
})

t.test('a run ends when its journal cannot be written, and lets go of its hosts', async (t) => {
  const folder = t.testdir({})
  symlinkSync('/dev/full', join(folder, 'journal.jsonl'))
  const { puppets } = new World()
  const plan = planOf({ stages: [play('s', ['a'], [task('s/0', 'act', { cmd: 'x' })])] })
  await t.rejects(runPlan(plan, optionsOf([], { runDirectory: folder, openConnection: puppets.open })), {
    message: `The journal ${folder}/journal.jsonl cannot be written: no space left on device.`,
  })
  const closed: string[] = []
  const renderer = (event: Event): void => {
    if (event.kind === 'stage.finished') throw new Error('a mistake of a renderer')
  }
  const open: typeof puppets.open = async (settings, dependencies) => ({
    ...(await puppets.open(settings, dependencies)),
    close: async () => void closed.push(settings.host),
  })
  await t.rejects(runPlan(plan, optionsOf([], { emit: renderer, openConnection: open })), {
    message: 'a mistake of a renderer',
  })
  t.same(closed, ['a'])
})

t.test('a run that was cut anywhere and continued ends like one that was not', async (t) => {
  const folder = t.testdir({})
  const world = new World()
  await runPlan(
    richPlan(),
    optionsOf([], { runDirectory: join(folder, 'whole'), openConnection: world.puppets.open }),
  )
  const whole = readFileSync(join(folder, 'whole', 'journal.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
  const wanted = [...new Set(world.did)].sort()
  const recap = (JSON.parse(whole.at(-1) ?? '') as { recap: unknown }).recap
  for (let lines = 1; lines <= whole.length; lines += 1) {
    const cut = join(folder, `cut-${lines}`)
    mkdirSync(cut)
    writeFileSync(join(cut, 'journal.jsonl'), `${whole.slice(0, lines).join('\n')}\n{"torn`)
    const finished = whole
      .slice(0, lines)
      .map((line) => JSON.parse(line) as Event)
      .filter((event) => event.kind === 'task.finished')
    const again = new World()
    const events: Event[] = []
    const outcome = await runPlan(
      richPlan(),
      optionsOf(events, {
        runDirectory: join(cut, 'next'),
        resumeFrom: cut,
        openConnection: again.puppets.open,
        runId: 'run-2',
      }),
    )
    const resumed = events.filter((event) => event.kind === 'task.finished' && event.resumed)
    const done = finished.filter(
      (event) => event.fingerprint !== '' && event.outcome.kind !== 'failed' && event.module === 'act',
    )
    t.equal(outcome.exitCode, 0, `cut after ${lines} events`)
    t.same(outcome.recap, recap, 'the recap is the same')
    t.ok(resumed.length >= done.length, 'what was done is not done again')
    const before = world.did.filter((line) =>
      done.some((event) => event.module === 'act' && doneBy(event, line)),
    )
    t.same([...new Set([...before, ...again.did])].sort(), wanted, 'and everything is done')
    t.ok(again.did.includes('a hidden'), 'a hidden task runs again')
    t.match(events[0], { kind: 'run.started', resumes: 'run-1' })
  }
})

t.test('a run that continued another and was cut at once lost nothing', async (t) => {
  const folder = t.testdir({})
  const first = join(folder, 'run-1')
  await runPlan(richPlan(), optionsOf([], { runDirectory: first, openConnection: new World().puppets.open }))
  const second = join(folder, 'run-2')
  const again = { runDirectory: second, resumeFrom: first, runId: 'run-2' }
  await runPlan(richPlan(), optionsOf([], { ...again, openConnection: new World().puppets.open }))
  const journal = join(second, 'journal.jsonl')
  writeFileSync(journal, `${readFileSync(journal, 'utf8').split('\n', 1)}\n`)
  const world = new World()
  const last = optionsOf([], { resumeFrom: second, openConnection: world.puppets.open })
  t.equal((await runPlan(richPlan(), last)).exitCode, 0)
  t.same([...new Set(world.did)], ['a hidden', 'b hidden'], 'only what cannot be taken from a journal')
})

t.test('a run that is being run, or continued, is not continued by another', async (t) => {
  const folder = t.testdir({})
  const plan = planOf({ stages: [play('s', ['a'], [task('s/0', 'act', { cmd: 'x' })])] })
  const first = join(folder, 'first')
  const puppets = new Puppets()
  const running = runPlan(
    plan,
    optionsOf([], { runDirectory: first, runId: 'first', openConnection: puppets.open }),
  )
  const call = await puppets.next('a', 'x')
  t.match(await failureOf(() => runPlan(plan, optionsOf([], { resumeFrom: first }))), {
    code: 'resume-running',
    message: `The run first is still running: process ${process.pid} works on it.`,
    hint: `Wait until it has ended, or end it with \`kill ${process.pid}\`; then --resume goes on.`,
  })
  call.answer('', 1)
  await running
  const second = { runDirectory: join(folder, 'second'), runId: 'second', resumeFrom: first }
  const resuming = runPlan(plan, optionsOf([], { ...second, openConnection: puppets.open }))
  const again = await puppets.next('a', 'x')
  t.match(await failureOf(() => runPlan(plan, optionsOf([], { resumeFrom: first }))), {
    code: 'resume-running',
    message: `The run first is being continued by process ${process.pid}, as second.`,
    hint: `Wait until it has ended, or end it with \`kill ${process.pid}\`; then \`--resume second\`.`,
  })
  again.answer('')
  t.equal((await resuming).exitCode, 0)
  t.equal(
    (await runPlan(plan, optionsOf([], { resumeFrom: first, openConnection: new World().puppets.open })))
      .exitCode,
    0,
  )
})

t.test('a journal that holds no event has nothing to continue', async (t) => {
  const folder = t.testdir({ 'journal.jsonl': '{"kind":"run.sta' })
  await t.rejects(runPlan(richPlan(), optionsOf([], { resumeFrom: folder })), {
    message: `The journal ${folder}/journal.jsonl holds no event: the run was ended before it began.`,
  })
})

/** Whether a finished task explains a command of the first run. */
function doneBy(event: Extract<Event, { kind: 'task.finished' }>, line: string): boolean {
  const [host = '', ...words] = line.split(' ')
  return event.host === host && JSON.stringify(event.data).includes(words.join(' ').replaceAll("'", ''))
}

t.test('a resume refuses another plan, and check mode', async (t) => {
  const folder = join(t.testdir({}), 'run')
  await runPlan(richPlan(), optionsOf([], { runDirectory: folder, openConnection: new World().puppets.open }))
  const other = { ...richPlan(), fingerprint: 'plan-2' }
  await t.rejects(runPlan(other, optionsOf([], { resumeFrom: folder })), {
    message: `The run in ${folder} cannot be continued: its pipeline, inventory or variables were different.`,
  })
  await t.rejects(runPlan(richPlan(), optionsOf([], { resumeFrom: folder, check: true })), {
    message: 'A run in check mode changes nothing, so there is nothing to continue.',
  })
})

t.test('a task whose parameters changed is not taken from the journal', async (t) => {
  const folder = join(t.testdir({}), 'run')
  const plan = (cmd: string): Plan => planOf({ stages: [play('s', ['a'], [task('s/0', 'act', { cmd })])] })
  await runPlan(
    plan('one'),
    optionsOf([], { runDirectory: folder, openConnection: new World().puppets.open }),
  )
  const world = new World()
  await runPlan(plan('two'), optionsOf([], { resumeFrom: folder, openConnection: world.puppets.open }))
  t.same(world.did, ['a two'])
  const same = new World()
  await runPlan(plan('one'), optionsOf([], { resumeFrom: folder, openConnection: same.puppets.open }))
  t.same(same.did, [])
})

t.test('nor is one whose folder on the controller has other files', async (t) => {
  const folder = t.testdir({ src: { deep: { file: 'one' } } })
  const plan = planOf({ stages: [play('s', ['a'], [task('s/0', 'echo', { src: `${folder}/src` })])] })
  const resumes = async (): Promise<boolean> => {
    const events: Event[] = []
    await runPlan(plan, optionsOf(events, { resumeFrom: join(folder, 'run') }))
    return events.some((event) => event.kind === 'task.finished' && event.resumed === true)
  }
  await runPlan(plan, optionsOf([], { runDirectory: join(folder, 'run') }))
  t.equal(await resumes(), true)
  writeFileSync(`${folder}/src/deep/file`, 'two and more')
  t.equal(await resumes(), false)
})

t.test('facts are asked once until something on the host changes', async (t) => {
  const world = new World()
  const ran = await run(
    {
      stages: [
        play(
          's',
          ['a', 'b'],
          [
            task('s/0', 'look'),
            task('s/1', 'look', { changes: '{{ inventory_hostname == "a" }}' }),
            task('s/2', 'look'),
          ],
        ),
      ],
    },
    { openConnection: world.puppets.open },
  )
  t.same(world.did.sort(), ['a look x', 'a look x', 'b look x'])
  t.equal(dataOf(ran, 'a', 's/2')['seen'], 'said look x on a')
  t.equal(counts(ran, 'a'), '3 1 0 0 0 0 0')
  t.same(
    story(ran.events).filter((line) => line.startsWith('a')),
    ['a s/0 ok', 'a s/1 changed', 'a s/2 ok'],
  )
})

t.test('secrets are hidden in every form', async (t) => {
  const secrets = new Secrets()
  const secret = 'p@ss \'w"ord\nsecond+line/ü'
  secrets.add(secret)
  secrets.add('ab')
  const cases: Record<string, string> = {
    plain: secret,
    'one line': 'x second+line/ü y',
    base64: Buffer.from(`a${secret}`).toString('base64'),
    'base64 shifted': Buffer.from(`ab${secret}c`).toString('base64'),
    url: encodeURIComponent(secret),
    json: JSON.stringify({ a: secret }),
    shell: `'${secret.replaceAll("'", "'\\''")}'`,
  }
  for (const [form, text] of Object.entries(cases)) {
    const masked = secrets.mask(text)
    t.match(masked, '***', form)
    for (const part of ['ss ', 'second', 'w"ord', 'w\\"ord', 'c2Vjb25k', 'second%2B'])
      t.notOk(masked.includes(part), `${form}: ${part}`)
  }
  t.equal(secrets.mask('abc ab'), 'abc ab', 'two letters are no secret')
})

t.test('why a host failed is told without secrets and escapes, also where nothing draws it', async (t) => {
  const failure = new FailureError({
    reason: 'unreachable',
    code: 'ssh-refused',
    message: 'hunter2\u001b[2J refused',
  })
  const { outcome } = await run(
    { stages: [play('s', ['a'], [task('s/0', 'act', { cmd: 'x' })])] },
    { openConnection: new Puppets(() => failure).open, secrets: ['hunter2'] },
  )
  t.match(outcome.failures, [{ host: 'a', failure: { message: '*** refused' } }])
})

t.test('a secret that is a word of the events takes nothing of them away', async (t) => {
  const { events, outcome } = await run(
    {
      stages: [
        play('s', ['a'], [task('s/0', 'echo', { word: 'unchanged', 'x-changed': 1 }), task('s/1', 'change')]),
      ],
    },
    { secrets: ['task', 'changed', 'fail'] },
  )
  t.equal(outcome.exitCode, 0)
  t.same(story(events), ['a s/0 ok', 'a s/1 changed'])
  const [echoed] = events.flatMap((event) => (event.kind === 'task.finished' ? [event] : []))
  t.strictSame(Object.entries(echoed?.data ?? {}), [
    ['word', 'un***'],
    ['x-***', 1],
    ['***', false],
    ['***ed', false],
  ])
})

t.test('text that hosts send cannot act on a terminal', async (t) => {
  const cases: Record<string, string> = {
    'a\u001b[31mred\u001b[0m': 'ared',
    '\u001b]0;title\u0007x': 'x',
    '\u001b]8;;http://x\u001b\\link': 'link',
    'a\u0008b\u0000c\u009b2Jd': 'abcd',
    'tab\tnew\r\nline': 'tab\tnew\nline',
    'abc\u202edef': 'abcdef',
    '\u001b(Bx\u001bPdcs\u001b\\y': 'xy',
    plain: 'plain',
  }
  for (const [text, want] of Object.entries(cases)) t.equal(printable(text), want, JSON.stringify(text))
  const ran = await run(
    { stages: [play('s', ['a'], [task('s/0', 'act', { cmd: 'x' })])] },
    { openConnection: new Puppets(() => `\u001b[2J${'long '.repeat(2000)}`).open },
  )
  t.notMatch(JSON.stringify(ran.events), '\\u001b')
  const lines = ran.events.flatMap((event) => (event.kind === 'task.output' ? [event.line] : []))
  t.equal(lines.length, 1)
  t.match(lines[0], /… \(5904 more characters\)$/)
  t.equal(lines[0]?.startsWith('long long'), true)
})
