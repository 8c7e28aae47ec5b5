import t from 'tap'
import { Interruption } from '../../../src/engine/interruption.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { ScriptStage } from '../../../src/model/plan.ts'
import type { Step, Task } from '../../../src/model/task.ts'
import type { Vars } from '../../../src/model/value.ts'
import { block, counts, dataOf, failureOf, Puppets, play, run, story, task } from './plan-builder.ts'

const on = (host: string): Task['when'] => [`inventory_hostname == '${host}'`]

/** A task that fails on one host. */
const failOn = (id: string, host: string, more: Partial<Task> = {}): Task =>
  task(id, 'fail', {}, { failedWhen: on(host), ...more })

t.test('linear: all hosts end a task before the next starts; forks limit how many run', async (t) => {
  const puppets = new Puppets()
  const steps = [task('s/0', 'ask', { cmd: 'one' }), task('s/1', 'ask', { cmd: 'two' })]
  const done = run(
    { stages: [play('s', ['a', 'b', 'c'], steps)] },
    { openConnection: puppets.open, forks: 2 },
  )
  const a = await puppets.next('a', 'one')
  const b = await puppets.next('b', 'one')
  t.same(puppets.calls, [], 'two forks are taken, so c waits')
  a.answer('')
  const c = await puppets.next('c', 'one')
  c.answer('')
  t.same(puppets.calls, [], 'nobody is ahead while b is busy')
  b.answer('')
  for (const host of ['a', 'b', 'c']) (await puppets.next(host, 'two')).answer('')
  t.equal((await done).outcome.exitCode, 0)
})

t.test('free: a host does not wait for others', async (t) => {
  const puppets = new Puppets()
  const steps = [task('s/0', 'ask', { cmd: 'one' }), task('s/1', 'ask', { cmd: 'two' })]
  const done = run(
    { stages: [play('s', ['a', 'b'], steps, { strategy: 'free' })] },
    { openConnection: puppets.open },
  )
  const slow = await puppets.next('b', 'one')
  ;(await puppets.next('a', 'one')).answer('')
  ;(await puppets.next('a', 'two')).answer('')
  slow.answer('')
  ;(await puppets.next('b', 'two')).answer('')
  t.same(story((await done).events), ['a s/0 ok', 'a s/1 ok', 'b s/0 ok', 'b s/1 ok'])
})

t.test('throttle: so many hosts at a time', async (t) => {
  const puppets = new Puppets()
  const steps = [task('s/0', 'ask', { cmd: 'one' }, { throttle: 1 })]
  const done = run({ stages: [play('s', ['a', 'b'], steps)] }, { openConnection: puppets.open })
  const first = await puppets.next('a', 'one')
  t.same(puppets.calls, [])
  first.answer('')
  ;(await puppets.next('b', 'one')).answer('')
  t.equal((await done).outcome.exitCode, 0)
})

t.test('blocks: rescue and always, for the hosts that failed and for all', async (t) => {
  const steps = [
    block('s/0', {
      block: [{ ...failOn('s/0.0', 'a'), name: 'step of {{ inventory_hostname }}' }, task('s/0.1', 'echo')],
      rescue: [
        task('s/0.r', 'echo', { why: '{{ ansible_failed_result.msg }} in {{ ansible_failed_task.name }}' }),
      ],
      always: [task('s/0.a', 'echo')],
    }),
    task('s/1', 'echo'),
  ]
  const ran = await run({ stages: [play('s', ['a', 'b'], steps)] })
  t.same(story(ran.events), [
    'a s/0.0 rescued',
    'b s/0.0 ok',
    'b s/0.1 ok',
    'a s/0.r ok',
    'a s/0.a ok',
    'b s/0.a ok',
    'a s/1 ok',
    'b s/1 ok',
  ])
  t.equal(dataOf(ran, 'a', 's/0.r')['why'], 'Failed as requested in step of a')
  t.equal(counts(ran, 'a'), '3 0 0 0 0 1 0')
  t.equal(ran.outcome.exitCode, 0)
})

t.test('blocks: a rescue that fails, a failure without rescue, nested blocks', async (t) => {
  const failing = await run({
    stages: [
      play(
        's',
        ['a'],
        [
          block('s/0', {
            block: [task('s/0.0', 'fail')],
            rescue: [task('s/0.r', 'fail')],
            always: [task('s/0.a', 'echo')],
          }),
          task('s/1', 'echo'),
        ],
      ),
    ],
  })
  t.same(story(failing.events), ['a s/0.0 rescued', 'a s/0.r failed', 'a s/0.a ok'])
  t.equal(counts(failing, 'a'), '1 0 0 1 0 1 0')
  t.equal(failing.outcome.exitCode, 2)
  const nested = await run({
    stages: [
      play(
        's',
        ['a'],
        [
          block('s/0', {
            block: [
              block('s/0.0', { block: [task('s/0.0.0', 'fail')], always: [task('s/0.0.a', 'echo')] }),
              task('s/0.1', 'echo'),
            ],
            rescue: [task('s/0.r', 'echo')],
          }),
        ],
      ),
    ],
  })
  t.same(story(nested.events), ['a s/0.0.0 rescued', 'a s/0.0.a ok', 'a s/0.r ok'])
})

t.test('what blocks give their tasks: conditions, variables, become', async (t) => {
  const puppets = new Puppets((_host, text) => (text === 'open' ? '' : undefined))
  const inner = [task('s/0.0', 'ask', { cmd: '{{ x }}' }), task('s/0.1', 'echo', {}, { when: ['x == 1'] })]
  const done = run(
    {
      stages: [
        play(
          's',
          ['a', 'b'],
          [block('s/0', { block: inner, when: on('a'), vars: { x: 'cmd' }, become: true })],
        ),
      ],
    },
    { openConnection: puppets.open },
  )
  const call = await puppets.next('a', 'cmd')
  t.equal(call.command.become?.user, 'root')
  call.answer('')
  t.same(story((await done).events).sort(), [
    'a s/0.0 ok',
    'a s/0.1 skipped',
    'b s/0.0 skipped',
    'b s/0.1 skipped',
  ])
})

t.test('handlers run once, in the order written, and may notify others', async (t) => {
  const flush = task('s/f', 'meta', { _raw_params: 'flush_handlers' })
  const handlers = [
    task('s/h0', 'change', {}, { name: 'last', listen: ['topic'], notify: ['first'] }),
    task('s/h1', 'echo', { a: 1 }, { name: 'first' }),
    task('s/h2', 'echo', {}, { name: 'of {{ inventory_hostname }}', role: 'r' }),
  ]
  const steps: Step[] = [
    task('s/0', 'change', {}, { notify: ['topic'] }),
    task('s/1', 'change', {}, { notify: ['topic', 'r : of a'], when: on('a') }),
    task('s/2', 'echo', {}, { notify: ['first'] }),
    flush,
    task('s/3', 'echo'),
  ]
  const roles = { r: { name: 'r', path: '/lab/roles/r', defaults: {}, vars: {}, params: {} } }
  const ran = await run({ roles, stages: [play('s', ['a', 'b'], steps, { handlers })] })
  t.same(story(ran.events), [
    'a s/0 changed',
    'b s/0 changed',
    'b s/1 skipped',
    'a s/1 changed',
    'a s/2 ok',
    'b s/2 ok',
    'a s/h0 changed',
    'b s/h0 changed',
    'a s/h1 ok',
    'b s/h1 ok',
    'a s/h2 ok',
    'a s/3 ok',
    'b s/3 ok',
  ])
  const puppets = new Puppets((_host, text) => (text === 'open' ? '' : undefined))
  const became = run(
    {
      stages: [
        play('s', ['a'], [task('s/0', 'change', {}, { notify: ['as who'] }), flush], {
          become: true,
          becomeUser: 'www',
          handlers: [task('s/h', 'ask', { cmd: 'id' }, { name: 'as who' })],
        }),
      ],
    },
    { openConnection: puppets.open },
  )
  const asked = await puppets.next('a', 'id')
  t.equal(asked.command.become?.user, 'www', 'the play’s become is the handlers’, too')
  asked.answer('')
  await became
  const mutual = await run({
    stages: [
      play('s', ['a'], [task('s/0', 'change', {}, { notify: ['one'] }), flush, flush], {
        handlers: [
          task('s/h1', 'change', {}, { name: 'one', notify: ['two'] }),
          task('s/h2', 'change', {}, { name: 'two', notify: ['one', 'two'] }),
        ],
      }),
    ],
  })
  const turn = ['a s/h1 changed', 'a s/h2 changed']
  t.same(story(mutual.events), ['a s/0 changed', ...turn, ...turn], 'once in each flush')
  const unknown = await run({
    stages: [play('s', ['a'], [task('s/0', 'change', {}, { notify: ['nobody'] })])],
  })
  t.match(failureOf(unknown, 'a', 's/0'), {
    code: 'handler-unknown',
    message: 'There is no handler "nobody".',
  })
  const forced = [task('s/0', 'change', {}, { notify: ['topic'] }), task('s/1', 'fail'), flush]
  const plain = { handlers: [task('s/h', 'echo', {}, { name: 'topic' })] }
  t.same(story((await run({ stages: [play('s', ['a'], forced, plain)] })).events), [
    'a s/0 changed',
    'a s/1 failed',
  ])
  const withForce = await run({ stages: [play('s', ['a'], forced, { ...plain, forceHandlers: true })] })
  t.same(story(withForce.events), ['a s/0 changed', 'a s/1 failed', 'a s/h ok'])
})

t.test('batches, failures that end a play, and run_once', async (t) => {
  const hosts = ['a', 'b', 'c', 'd']
  const batches = await run({
    stages: [
      play(
        's',
        hosts,
        [
          task('s/0', 'echo', {
            b: '{{ ansible_play_batch | join("") }}',
            p: '{{ ansible_play_hosts | join("") }}',
          }),
          task('s/1', 'echo', {}, { runOnce: true }),
        ],
        {
          serial: [1, '50%'],
        },
      ),
    ],
  })
  t.same(
    hosts.map((host) => dataOf(batches, host, 's/0')['b']),
    ['a', 'bc', 'bc', 'd'],
  )
  t.equal(dataOf(batches, 'd', 's/0')['p'], 'abcd', 'hosts of the play, not of the batch alone')
  t.same(
    story(batches.events).filter((line) => line.includes('s/1')),
    ['a s/1 ok', 'b s/1 ok', 'd s/1 ok'],
    'once in each batch',
  )
  const firstFails = await run({
    stages: [
      play('s', hosts, [failOn('s/0', 'a')], { serial: [1] }),
      play('t', hosts, [task('t/0', 'echo')], { needs: ['s'] }),
    ],
  })
  t.same(
    story(firstFails.events),
    ['a s/0 failed'],
    'a batch of which nothing is left stops the play and what needs it',
  )

  const within = { maxFailPercentage: 50 }
  const half = [
    task('s/0', 'fail', {}, { failedWhen: ["inventory_hostname in ['a', 'b']"] }),
    task('s/1', 'echo'),
  ]
  const reached = await run({ stages: [play('s', hosts, half, within)] })
  t.equal(counts(reached, 'c'), '2 0 0 0 0 0 0', 'half is not more than half')
  const exceeded = await run({
    stages: [
      play('s', hosts, half, { maxFailPercentage: 49 }),
      play('t', hosts, [task('t/0', 'echo')], { needs: ['s'] }),
    ],
  })
  t.equal(counts(exceeded, 'c'), '1 0 0 0 0 0 0')
  t.equal(exceeded.outcome.exitCode, 2)
  t.same(
    exceeded.events.flatMap((event) =>
      event.kind === 'stage.finished' ? [`${event.stage} ${event.outcome} ${event.why}`] : [],
    ),
    ['s failed 2 of 4 hosts failed, more than max_fail_percentage: 49', 't skipped s failed'],
  )

  const fatal = await run({
    stages: [play('s', hosts, [failOn('s/0', 'b'), task('s/1', 'echo')], { anyErrorsFatal: true })],
  })
  t.same(
    story(fatal.events),
    ['a s/0 ok', 'b s/0 failed', 'c s/0 ok', 'd s/0 ok'],
    'the task ends everywhere, then the play',
  )
  const rescued = await run({
    stages: [
      play(
        's',
        ['a', 'b'],
        [
          block('s/0', {
            block: [failOn('s/0.0', 'b'), task('s/0.1', 'echo')],
            rescue: [task('s/0.r', 'echo')],
          }),
        ],
        { anyErrorsFatal: true },
      ),
    ],
  })
  t.same(story(rescued.events), ['a s/0.0 ok', 'b s/0.0 rescued', 'a s/0.r ok', 'b s/0.r ok'])

  const once = await run({
    stages: [
      play(
        's',
        ['a', 'b'],
        [
          task('s/0', 'echo', { v: '{{ inventory_hostname }}' }, { runOnce: true, register: 'r' }),
          task('s/1', 'echo', { v: '{{ r.v }}' }),
        ],
      ),
    ],
  })
  t.equal(dataOf(once, 'b', 's/1')['v'], 'a', 'everybody has the result')
  const onceAsked = await run({
    stages: [
      play(
        's',
        ['a', 'b'],
        [task('s/0', 'setup', {}, { runOnce: true }), task('s/1', 'echo', { v: '{{ ansible_os }}' })],
      ),
    ],
  })
  t.equal(dataOf(onceAsked, 'b', 's/1')['v'], 'debian', 'and the facts')
  const onceFails = await run({
    stages: [play('s', ['a', 'b'], [task('s/0', 'fail', {}, { runOnce: true }), task('s/1', 'echo')])],
  })
  t.same(story(onceFails.events), ['a s/0 failed'])
})

t.test('meta', async (t) => {
  const meta = (id: string, action: string, more: Partial<Task> = {}): Task =>
    task(id, 'meta', { _raw_params: action }, more)
  const ending = await run({
    stages: [
      play(
        's',
        ['a', 'b'],
        [
          meta('s/0', 'end_host', { when: on('a') }),
          task('s/1', 'echo'),
          meta('s/2', 'end_play'),
          task('s/3', 'echo'),
        ],
      ),
      play('t', ['a'], [task('t/0', 'echo')], { needs: ['s'] }),
    ],
  })
  t.same(story(ending.events), ['b s/1 ok', 'a t/0 ok'])
  t.equal(ending.outcome.exitCode, 0)
  const left = await run({
    stages: [
      play(
        's',
        ['a', 'b'],
        [meta('s/0', 'end_host', { when: on('a') }), task('s/1', 'echo', { p: '{{ ansible_play_hosts }}' })],
        { serial: [1] },
      ),
    ],
  })
  t.same(dataOf(left, 'b', 's/1')['p'], ['b'], 'who left in an earlier batch is gone')
  const cleared = await run({
    stages: [
      play('s', ['a', 'b'], [failOn('s/0', 'a'), meta('s/1', 'clear_host_errors')]),
      play(
        't',
        ['a', 'b'],
        [task('t/0', 'echo'), meta('t/1', 'clear_facts'), meta('t/2', 'reset_connection')],
        { needs: ['s'] },
      ),
    ],
  })
  t.same(story(cleared.events), ['a s/0 failed', 'b s/0 ok', 'a t/0 ok', 'b t/0 ok'])
  const refused = await run({ stages: [play('s', ['a'], [meta('s/0', 'refresh_inventory')])] })
  t.equal(failureOf(refused, 'a', 's/0')?.message, 'hvlab does not support "meta: refresh_inventory".')
})

t.test('includes: hosts are grouped by what they include, conditions and variables apply', async (t) => {
  const included = (id: string): Step[] => [
    task(id, 'echo', { v: '{{ given }}-{{ item | default("none") }}' }),
  ]
  const includes = {
    '/lab/pipelines/one.yml': included('one.yml/0'),
    '/lab/pipelines/two.yml': [...included('two.yml/0'), failOn('two.yml/1', 'b')],
    'role:web:main': [task('web/0', 'echo', { v: '{{ port }}' }, { role: 'web' })],
  }
  const roles = { web: { name: 'web', path: '/lab/roles/web', defaults: { port: 80 }, vars: {}, params: {} } }
  const steps = [
    task('s/0', 'include_tasks', { file: '{{ which }}.yml' }, { vars: { given: '{{ which }}' } }),
    task(
      's/1',
      'include_tasks',
      { file: 'one.yml' },
      { loop: ['x', 'y'], when: ["item != 'x' or inventory_hostname == 'a'"], vars: { given: 'loop' } },
    ),
    task(
      's/2',
      'include_role',
      { name: 'web' },
      { name: 'role for {{ which }}', role: 'web', when: on('a') },
    ),
    task('s/3', 'include_tasks', { file: 'tow.yml' }),
  ]
  const ran = await run({
    hosts: { a: { which: 'one' }, b: { which: 'two' }, c: { which: 'one' } },
    includes,
    roles,
    stages: [play('s', ['a', 'b', 'c'], steps)],
  })
  t.same(story(ran.events), [
    'a s/0#0 ok',
    'c s/0#0 ok',
    'a s/0#0/one.yml/0 ok',
    'c s/0#0/one.yml/0 ok',
    'b s/0#0 ok',
    'b s/0#0/two.yml/0 ok',
    'b s/0#0/two.yml/1 failed',
    'a s/1#0 ok',
    'a s/1#0/one.yml/0 ok',
    'a s/1#1 ok',
    'c s/1#1 ok',
    'a s/1#1/one.yml/0 ok',
    'c s/1#1/one.yml/0 ok',
    'c s/2 skipped',
    'a s/2#0 ok',
    'a s/2#0/web/0 ok',
    'a s/3 failed',
    'c s/3 failed',
  ])
  t.equal(counts(ran, 'b'), '2 0 0 1 0 0 0', 'an inclusion of tasks counts as ok, as in Ansible')
  t.equal(counts(ran, 'a'), '7 0 0 1 0 0 0', 'one of a role does not')
  t.same(
    ran.events.flatMap((event) =>
      event.kind === 'task.finished' && event.task.startsWith('s/2') && !event.task.includes('/', 3)
        ? [`${event.host} ${event.name}`]
        : [],
    ),
    ['c web : role for one', 'a web : role for one'],
    'an include is named like any task',
  )
  t.equal(dataOf(ran, 'c', 's/0#0/one.yml/0')['v'], 'one-none')
  t.equal(dataOf(ran, 'a', 's/1#1/one.yml/0')['v'], 'loop-y')
  t.equal(dataOf(ran, 'a', 's/2#0/web/0')['v'], 80)
  t.match(failureOf(ran, 'a', 's/3'), {
    code: 'include-not-found',
    message: 'There is nothing to include at /lab/pipelines/tow.yml or /lab/tow.yml.',
    hint: 'Did you mean /lab/pipelines/two.yml?',
  })
})

t.test('a file that includes itself ends by its condition, or with a failure', async (t) => {
  const self = (id: string, more: Partial<Task> = {}): Task =>
    task(id, 'include_tasks', { file: 'self.yml' }, more)
  const file = (more: Partial<Task>) => ({
    '/lab/pipelines/self.yml': [
      task('self/0', 'set_fact', { n: '{{ (n | default(0)) + 1 }}' }),
      self('self/1', more),
    ],
  })
  const stages = [play('s', ['a'], [self('s/0')])]
  const ended = await run({ stages, includes: file({ when: ['n < 7'] }) })
  t.equal(ended.outcome.exitCode, 0)
  const endless = await run({ stages, includes: file({}) })
  t.match(endless.outcome.failures, [
    { failure: { code: 'import-circle', message: 'There are 100 inclusions inside each other.' } },
  ])
})

t.test('stages start when those that they need have ended, and hosts can come to be', async (t) => {
  const puppets = new Puppets()
  const ask = (stage: string): Step[] => [task(`${stage}/0`, 'ask', { cmd: stage })]
  const deploy = [
    task('deploy/0', 'add_host', {
      name: 'g1',
      groups: ['guests'],
      vars: { ansible_host: '10.0.0.2', ansible_connection: 'local' },
    }),
  ]
  const done = run(
    {
      groups: { guests: [] },
      stages: [
        play('image', ['a'], ask('image')),
        play('hypervisor', ['b'], ask('hypervisor')),
        play('deploy', ['b'], deploy, { needs: ['image', 'hypervisor'] }),
        {
          ...play(
            'bench',
            [],
            [task('bench/0', 'echo', { at: '{{ ansible_host }} {{ group_names }} {{ groups.guests }}' })],
            { needs: ['deploy'] },
          ),
          pattern: 'guests',
        },
      ],
    },
    { openConnection: puppets.open },
  )
  const image = await puppets.next('a', 'image')
  const hypervisor = await puppets.next('b', 'hypervisor')
  hypervisor.answer('')
  image.answer('')
  const ran = await done
  t.equal(dataOf(ran, 'g1', 'bench/0')['at'], "10.0.0.2 ['guests'] ['g1']")
  t.equal(ran.outcome.exitCode, 0)
  t.same(
    ran.events.flatMap((event) => (event.kind === 'hosts.added' ? event.hosts.map(({ name }) => name) : [])),
    ['g1'],
  )
})

t.test(
  'hosts that joined a group take part in its stages; a group that nobody joined skips them',
  async (t) => {
    const join = task('s/0', 'add_host', { name: 'a', groups: ['made'], vars: {} }, { when: on('a') })
    const empty = (name: string) => ({ ...play(name, [], [task(`${name}/0`, 'echo')]), mayBeEmpty: true })
    const ran = await run({
      groups: { made: [], none: [] },
      stages: [
        play('s', ['a', 'b'], [join]),
        { ...empty('t'), needs: ['s'], pattern: 'made' },
        { ...empty('u'), needs: ['s'], pattern: 'none' },
      ],
    })
    t.same(
      story(ran.events).filter((line) => !line.includes('s/0')),
      ['a t/0 ok'],
    )
    t.equal(ran.outcome.exitCode, 0)
  },
)

t.test('stages that cannot run say why', async (t) => {
  const stage = (name: string, pattern: string, needs: readonly string[], hosts: readonly string[] = []) => ({
    ...play(name, hosts, [task(`${name}/0`, 'echo')], { needs }),
    pattern,
  })
  const nobody = await run({
    groups: { guests: [] },
    stages: [stage('s', 'guests', []), stage('t', 'a', ['s'], ['a'])],
  })
  t.equal(nobody.outcome.exitCode, 1)
  t.same(
    nobody.outcome.failures.map(({ failure }) => failure.message),
    ['No host matches "guests" of the stage s.'],
  )
  const ends = ({ events }: typeof nobody): string[] =>
    events.flatMap((event) =>
      event.kind === 'stage.finished' ? [`${event.stage} ${event.outcome}: ${event.why}`] : [],
    )
  t.same(ends(nobody), ['s failed: No host matches "guests" of the stage s.', 't skipped: s failed'])
  const checked = await run({ groups: { guests: [] }, stages: [stage('s', 'guests', [])] }, { check: true })
  t.equal(checked.outcome.exitCode, 0)
  const limited = await run({ hosts: { a: {} }, stages: [stage('s', 'a', [])] })
  t.same(ends(limited), ['s skipped: no host is within --limit'])
  const failed = await run({
    stages: [
      play('s', ['a', 'b'], [failOn('s/0', 'a')]),
      stage('t', 'a', ['s'], ['a']),
      stage('u', 'a,b', ['s'], ['a', 'b']),
    ],
  })
  t.same(ends(failed), [
    's failed: 1 of 2 hosts failed',
    't skipped: all its hosts failed before',
    'u ok: undefined',
  ])
})

t.test('an interruption cancels what runs, starts nothing further, and tells', async (t) => {
  const puppets = new Puppets()
  const interruption = new Interruption()
  const steps = [
    block('s/0', {
      block: [task('s/0.0', 'ask', { cmd: 'long' })],
      rescue: [task('s/0.r', 'echo')],
      always: [task('s/0.a', 'echo')],
    }),
    task('s/1', 'echo'),
  ]
  const done = run(
    { stages: [play('s', ['a', 'b'], steps), play('t', ['a'], [task('t/0', 'echo')], { needs: ['s'] })] },
    { openConnection: puppets.open, interruption, forks: 1 },
  )
  const call = await puppets.next('a', 'long')
  interruption.interrupt('SIGINT')
  t.ok(call.signal?.aborted)
  const ran = await done
  t.equal(ran.outcome.exitCode, 130)
  t.same(story(ran.events), ['a s/0.0 failed'], 'b waited for its turn and never began')
  t.equal(counts(ran, 'a'), '0 0 0 0 0 0 0', 'what was cut off is not counted')
  t.same(ran.outcome.failures, [])
  t.same(
    ran.events.flatMap((event) =>
      event.kind === 'run.interrupted' || event.kind === 'stage.finished'
        ? [event.kind === 'stage.finished' ? event.outcome : `${event.signal} ${event.times}`]
        : [],
    ),
    ['SIGINT 1', 'cancelled', 'cancelled'],
  )
})

t.test('a second interruption waits for nothing; a deadline is an interruption', async (t) => {
  const interruption = new Interruption()
  const deaf = new Puppets()
  const never = async () => ({
    ...(await deaf.open({ kind: 'local', host: 'a', shellPath: '/bin/sh' }, {})),
    run: async () => await new Promise<never>(() => {}),
  })
  const keepAlive = setInterval(() => {}, 1000)
  const done = run(
    { stages: [play('s', ['a'], [task('s/0', 'ask', { cmd: 'deaf' })])] },
    { openConnection: never, interruption },
  )
  await new Promise((resolve) => setImmediate(resolve))
  interruption.interrupt('SIGTERM')
  interruption.interrupt('SIGTERM')
  t.equal((await done).outcome.exitCode, 143)
  clearInterval(keepAlive)
  const late = await run(
    { stages: [play('s', ['a'], [task('s/0', 'ask', { cmd: 'long' })])] },
    { openConnection: new Puppets().open, deadlineMs: 1 },
  )
  t.equal(late.outcome.exitCode, 6)
})

t.test('a script stage has zx, hosts and record', async (t) => {
  const folder = t.testdir({
    'ok.mts': `
      export default async ({ $, hosts, vars, record }: any) => {
        const name: string = (await $\`echo \${"a b"}\`).stdout.trim()
        for (const host of hosts) record('seen', { name, host: host.name, x: host.vars.x, said: (await host.sh\`say \${"it's"}\`).stdout, all: vars.all })
      }`,
    'bad.mjs': "export default async () => { throw new Error('no way') }",
    'none.mjs': 'export const x = 1',
  })
  const script = (name: string): ScriptStage => ({
    kind: 'script',
    name: 's',
    needs: [],
    pattern: 'a',
    hosts: ['a'],
    location: { file: '/lab/pipelines/test.yml', line: 3, column: 1 },
    script: `${folder}/${name}`,
    vars: { all: '{{ 1 + 1 }}' },
  })
  const hosts: Record<string, Vars> = { a: { x: '{{ inventory_hostname }}!' } }
  const ok = await run(
    { hosts, stages: [script('ok.mts')] },
    { openConnection: new Puppets((_host, text) => `<${text}>`).open },
  )
  t.same(ok.outcome.failures, [])
  t.same(
    ok.events.flatMap((event) => (event.kind === 'recorded' ? [event.data] : [])),
    [{ name: 'a b', host: 'a', x: 'a!', said: "<say 'it'\\''s'>", all: 2 }],
  )
  const bad = await run({ hosts, stages: [script('bad.mjs')] })
  t.match(bad.outcome.failures, [
    {
      stage: 's',
      failure: { code: 'script-failed', message: `The script ${folder}/bad.mjs failed: no way` },
    },
  ])
  const none = await run({ hosts, stages: [script('none.mjs')] })
  t.match(none.outcome.failures, [{ failure: { code: 'script-without-default' } }])
  const lost = await run(
    { hosts, stages: [script('ok.mts')] },
    {
      openConnection: async () => {
        throw new FailureError({ reason: 'unreachable', code: 'ssh-refused', message: 'Connection refused.' })
      },
    },
  )
  t.equal(lost.outcome.exitCode, 4)
})
