import t from 'tap'
import { FailureError } from '../../../src/model/failure.ts'
import type { Task } from '../../../src/model/task.ts'
import type { Vars } from '../../../src/model/value.ts'
import { block, counts, dataOf, failureOf, Puppets, play, run, story, task } from './plan-builder.ts'

/** One task on one host; what it was given back, or why it failed. */
async function single(params: Vars, more: Partial<Task> = {}, vars: Vars = {}) {
  const ran = await run({
    stages: [play('s', ['h'], [task('s/0', 'echo', params, more)])],
    hosts: { h: vars },
  })
  return { data: dataOf(ran, 'h', 's/0'), failure: failureOf(ran, 'h', 's/0'), ran }
}

t.test('variables', async (t) => {
  const cases: {
    name: string
    params: Vars
    vars?: Vars
    more?: Partial<Task>
    want?: Vars
    error?: string
  }[] = [
    {
      name: 'a variable may refer to others',
      params: { a: '{{ x }}' },
      vars: { x: '{{ y }}!', y: '1' },
      want: { a: '1!' },
    },
    {
      name: 'types stay',
      params: { a: '{{ x }}' },
      vars: { x: [1, { k: true }] },
      want: { a: [1, { k: true }] },
    },
    {
      name: 'task variables win over host variables',
      params: { a: '{{ x }}' },
      vars: { x: 1 },
      more: { vars: { x: 2 } },
      want: { a: 2 },
    },
    {
      name: 'omit leaves a parameter out',
      params: { a: '{{ none_such | default(omit) }}', b: 1 },
      want: { b: 1 },
    },
    {
      name: 'magic variables',
      params: { a: '{{ inventory_hostname }} {{ group_names }}' },
      want: { a: 'h []' },
    },
    {
      name: 'hostvars',
      params: { a: "{{ hostvars['h'].x }}" },
      vars: { x: '{{ y }}', y: 5 },
      want: { a: 5 },
    },
    {
      name: 'a circle',
      params: { a: '{{ x }}' },
      vars: { x: '{{ y }}', y: '{{ x }}' },
      error: "the variable 'x' refers to itself: x → y → x",
    },
    {
      name: 'a circle through other hosts',
      params: { a: '{{ x }}' },
      vars: { x: "{{ hostvars['h'].y }}", y: "{{ hostvars['h'].x }}" },
      error:
        "the variable 'hostvars['h'].y' refers to itself: hostvars['h'].y → hostvars['h'].x → hostvars['h'].y",
    },
    { name: 'an undefined name', params: { a: '{{ gone }}' }, error: "'gone' is undefined" },
    {
      name: 'an undefined name behind a variable',
      params: { a: '{{ x }}' },
      vars: { x: '{{ gone }}' },
      error: "'gone' is undefined, in the variable 'x'",
    },
    {
      name: 'which default() accepts',
      params: { a: '{{ x | default(3) }}' },
      vars: { x: '{{ gone }}' },
      want: { a: 3 },
    },
    {
      name: 'names of JavaScript are names',
      params: { a: '{{ constructor | default("no") }}' },
      want: { a: 'no' },
    },
  ]
  for (const { name, params, vars, more, want, error } of cases) {
    const { data, failure } = await single(params, more, vars)
    if (error !== undefined) t.equal(failure?.message, error, name)
    else t.match(data, { ...want, changed: false }, name)
    if (want !== undefined && !('a' in want)) t.notOk('a' in data, name)
  }
})

t.test('what hosts and results say is never a template, and facts cannot redirect connections', async (t) => {
  const puppets = new Puppets(() => '{{ secret }}')
  const ran = await run(
    {
      hosts: {
        h: {
          secret: 'opened',
          test_facts: {
            os: 'x{% raw %}{{ secret }}{% endraw %}',
            ansible_host: '6.6.6.6',
            ansible_user: 'evil',
          },
        },
      },
      stages: [
        play(
          's',
          ['h'],
          [
            task('s/0', 'ask', { cmd: 'q' }, { register: 'said' }),
            task('s/1', 'echo', {
              a: '{{ said.stdout }}',
              b: '{{ ansible_os }}',
              c: '{{ ansible_facts.os }}',
              d: '{{ ansible_host | default("inventory") }}',
            }),
            task('s/2', 'set_fact', { kept: '{{ said.stdout }}' }),
            task('s/3', 'echo', { a: '{{ kept }}', b: '{{ hostvars.h.kept }}' }),
            task('s/4', 'add_host', {
              name: 'guest',
              groups: ['guests'],
              vars: { said: '{{ said.stdout }}' },
            }),
            task('s/5', 'echo', { a: '{{ hostvars.guest.said }}' }),
          ],
          { gatherFacts: true },
        ),
      ],
    },
    { openConnection: puppets.open },
  )
  t.match(dataOf(ran, 'h', 's/1'), {
    a: '{{ secret }}',
    b: 'x{{ secret }}',
    c: 'x{{ secret }}',
    d: 'inventory',
  })
  t.match(dataOf(ran, 'h', 's/3'), { a: '{{ secret }}', b: '{{ secret }}' })
  t.match(dataOf(ran, 'h', 's/5'), { a: '{{ secret }}' }, 'variables of a host that a task added')
})

t.test('precedence, from role defaults to extra variables', async (t) => {
  const role = { name: 'r', path: '/lab/roles/r', params: {}, dependencies: [] }
  const layers = [
    'default',
    'pipeline',
    'host',
    'fact',
    'play',
    'role',
    'block',
    'task',
    'included',
    'set',
    'param',
    'extra',
  ]
  for (const [top, name] of layers.entries()) {
    const at = (layer: string, variable = 'x'): Vars =>
      layers.indexOf(layer) <= top ? { [variable]: layer } : {}
    const ran = await run({
      hosts: {
        h: {
          ...at('host'),
          ...(layers.indexOf('host') <= top ? { ansible_x: 'host' } : {}),
          test_facts: layers.indexOf('fact') <= top ? { x: 'fact' } : {},
        },
      },
      defaults: at('pipeline'),
      extraVars: at('extra'),
      roles: { r: { ...role, defaults: at('default'), vars: at('role'), params: at('param') } },
      stages: [
        play(
          's',
          ['h'],
          [
            ...(layers.indexOf('included') <= top ? [task('s/inc', 'include_vars', { x: 'included' })] : []),
            ...(layers.indexOf('set') <= top ? [task('s/set', 'set_fact', { x: 'set' })] : []),
            block('s/b', {
              vars: at('block'),
              block: [
                task(
                  's/0',
                  'echo',
                  { a: '{{ x }}', fact: '{{ ansible_x | default("none") }}' },
                  { role: 'r', vars: at('task') },
                ),
              ],
            }),
          ],
          { vars: at('play'), gatherFacts: true, roles: ['r'] },
        ),
      ],
    })
    // Facts have names of their own; there the fact wins over the host's variable.
    t.equal(dataOf(ran, 'h', 's/0')['a'], name === 'fact' ? 'host' : name, `highest is ${name}`)
    t.equal(dataOf(ran, 'h', 's/0')['fact'], top >= 3 ? 'fact' : top === 2 ? 'host' : 'none')
  }
})

t.test('what include_vars brings is filled in when it is used, for all hosts with run_once', async (t) => {
  const ran = await run({
    stages: [
      play(
        's',
        ['h', 'i'],
        [
          task('s/0', 'include_vars', { t: '{{ n }} of {{ inventory_hostname }}' }, { runOnce: true }),
          task('s/1', 'set_fact', { n: 5 }),
          task('s/2', 'echo', { a: '{{ t }}' }),
        ],
      ),
    ],
  })
  t.equal(dataOf(ran, 'i', 's/2')['a'], '5 of i')
})

t.test('conditions', async (t) => {
  const cases: { when: Task['when']; vars?: Vars; want: string }[] = [
    { when: ['true'], want: 'ok' },
    { when: [false], want: 'skipped: when: false is false' },
    { when: ['x == 1', 'y'], vars: { x: 1, y: false }, want: 'skipped: when: y is false' },
    {
      when: ['gone is defined and gone == 1'],
      want: 'skipped: when: gone is defined and gone == 1 is false',
    },
    {
      when: ['gone == 1'],
      want: "when: gone == 1: 'gone' is undefined / Ask first: `gone is defined and …`.",
    },
    {
      when: ['x'],
      vars: { x: 'false' },
      want: 'when: x: the condition is the text "false", neither true nor false. / Write `x | bool`, or compare it with something.',
    },
    { when: ['x', 'y', 'z', 'x | length', 't'], vars: { x: [1], y: 2, z: { a: 1 }, t: 'text' }, want: 'ok' },
    { when: ['x'], vars: { x: [] }, want: 'skipped: when: x is false' },
    { when: ['x is defined and x'], vars: { x: null }, want: 'skipped: when: x is defined and x is false' },
    { when: ['x'], vars: { x: '' }, want: 'skipped: when: x is false' },
    { when: ['x | bool'], vars: { x: 'no' }, want: 'skipped: when: x | bool is false' },
  ]
  for (const { when, vars, want } of cases) {
    const { ran, failure } = await single({}, { when }, vars)
    const outcome = ran.outcome.results.get('h')?.get('s/0')?.outcome
    const got =
      failure !== undefined
        ? `${failure.message} / ${failure.hint}`
        : outcome?.kind === 'skipped'
          ? `skipped: ${outcome.why}`
          : outcome?.kind
    t.equal(got, want, String(when))
  }
})

t.test('loops', async (t) => {
  const loop = await single({ a: '{{ item }}' }, { loop: [1, [2]] })
  t.same(
    (loop.data['results'] as Vars[]).map((result) => result['a']),
    [1, [2]],
  )
  t.match(loop.data, { msg: 'All items completed', skipped: false })
  t.equal((await single({ a: 1 })).data['failed'], false, 'a result says that it did not fail')
  const items = await single({ a: '{{ item }}' }, { loop: [1, [2, 3]], loopKind: 'items' })
  t.same(
    (items.data['results'] as Vars[]).map((result) => result['a']),
    [1, 2, 3],
  )
  const dict = await single(
    { a: '{{ item.key }}={{ item.value }}' },
    { loop: '{{ d }}', loopKind: 'dict' },
    { d: { x: 1 } },
  )
  t.same(
    (dict.data['results'] as Vars[]).map((result) => result['a']),
    ['x=1'],
  )
  const nested = await single(
    { a: '{{ item.0 }}{{ item.1 }}' },
    { loop: [['x', 'y'], '{{ l }}'], loopKind: 'nested' },
    { l: [1, 2] },
  )
  t.same(
    (nested.data['results'] as Vars[]).map((result) => result['a']),
    ['x1', 'x2', 'y1', 'y2'],
  )
  const named = await single(
    { a: '{{ n }}{{ i }}' },
    {
      loop: ['a', 'b'],
      loopControl: { loopVar: 'n', indexVar: 'i', label: '<{{ n }}>' },
      when: ["n != 'a'"],
    },
  )
  t.same(
    (named.data['results'] as Vars[]).map((result) => result['a'] ?? result['skipped']),
    [true, 'b1'],
  )
  t.match((named.data['results'] as Vars[])[1], {
    n: 'b',
    ansible_loop_var: 'n',
    i: 1,
    ansible_index_var: 'i',
  })
  t.same(
    named.ran.events.flatMap((event) =>
      event.kind === 'task.item' ? [`${event.label} ${event.outcome.kind}`] : [],
    ),
    ['<a> skipped', '<b> ok'],
  )
  const placed = await single(
    { a: '{{ ansible_loop }}', p: '{{ ansible_loop.previtem | default("none") }}' },
    { loop: ['a', 'b'], loopControl: { extended: true } },
  )
  t.match((placed.data['results'] as Vars[])[1], {
    a: {
      allitems: ['a', 'b'],
      index: 2,
      index0: 1,
      first: false,
      last: true,
      length: 2,
      revindex: 1,
      revindex0: 0,
      previtem: 'a',
    },
    p: 'a',
    ansible_loop: { index: 2 },
  })
  const [first] = (
    await single(
      { p: '{{ ansible_loop.previtem | default("none") }}' },
      {
        loop: ['a'],
        loopControl: { extended: true, extendedAllItems: false },
      },
    )
  ).data['results'] as Vars[]
  t.equal(first?.['p'], 'none')
  t.notOk(Object.hasOwn(first?.['ansible_loop'] as Vars, 'allitems'))
  t.same((await single({}, { loop: [] })).data, {
    changed: false,
    skipped: true,
    skipped_reason: 'No items in the list',
    results: [],
  })
  t.equal((await single({}, { loop: 'text' })).failure?.message, 'loop needs a list, not string.')
  t.equal(counts((await single({}, { loop: [] })).ran, 'h'), '0 0 0 0 1 0 0')
  t.equal(
    counts((await single({}, { loop: '{{ gone }}', when: ['gone is defined'] })).ran, 'h'),
    '0 0 0 0 1 0 0',
  )
  t.equal((await single({}, { loop: '{{ gone }}' })).failure?.message, "'gone' is undefined")
  t.equal(counts((await single({}, { loop: [1, 2], when: [false] })).ran, 'h'), '0 0 0 0 1 0 0')
})

t.test('results: changed_when, failed_when, ignore_errors, register of skipped tasks', async (t) => {
  const ran = await run(
    {
      stages: [
        play(
          's',
          ['h'],
          [
            task('s/0', 'act', { cmd: 'a' }, { register: 'r', changedWhen: ["'new' in r.stdout"] }),
            task('s/1', 'ask', { cmd: 'b' }, { register: 'r', changedWhen: [true] }),
            task(
              's/2',
              'ask',
              { cmd: 'c' },
              { register: 'r', failedWhen: ['r.rc == 0'], ignoreErrors: true },
            ),
            task('s/3', 'fail', {}, { failedWhen: [false] }),
            task('s/4', 'fail', {}, { ignoreErrors: 'yes', register: 'ignored' }),
            task('s/5', 'echo', {}, { when: ['ignored is succeeded'], register: 'skipped_one' }),
            task('s/6', 'echo', {
              a: '{{ skipped_one is skipped }} {{ ignored is failed }} {{ ignored.msg }}',
            }),
            task('s/7', 'echo', {}, { changedWhen: ["'no'"], register: 'r2' }),
          ],
        ),
      ],
    },
    { openConnection: new Puppets(() => 'old').open },
  )
  t.same(story(ran.events), [
    'h s/0 ok',
    'h s/1 changed',
    'h s/2 ignored',
    'h s/3 ok',
    'h s/4 ignored',
    'h s/5 skipped',
    'h s/6 ok',
    'h s/7 failed',
  ])
  t.equal(dataOf(ran, 'h', 's/6')['a'], 'True True Failed as requested')
  t.equal(failureOf(ran, 'h', 's/7')?.code, 'condition-not-boolean')
  t.equal(counts(ran, 'h'), '6 1 0 1 1 0 2')
  t.equal(ran.outcome.exitCode, 2)
})

t.test('until, retries and delay', async (t) => {
  let asked = 0
  const puppets = new Puppets((_host, text) => {
    if (text === 'open') return undefined
    asked += 1
    return asked >= 3 ? 'ready' : 'not yet'
  })
  const until = { register: 'r', until: ["r.stdout == 'ready'"], delay: 0 }
  const ran = await run(
    { stages: [play('s', ['h'], [task('s/0', 'ask', { cmd: 'q' }, { ...until, retries: 5 })])] },
    { openConnection: puppets.open },
  )
  t.match(dataOf(ran, 'h', 's/0'), { stdout: 'ready', attempts: 3 })
  t.same(
    ran.events.flatMap((event) => (event.kind === 'task.retry' ? [`${event.left} ${event.why}`] : [])),
    ["5 until: r.stdout == 'ready' is false", "4 until: r.stdout == 'ready' is false"],
  )
  const never = await run(
    { stages: [play('s', ['h'], [task('s/0', 'ask', { cmd: 'q' }, until)])] },
    { openConnection: new Puppets(() => 'no').open },
  )
  t.equal(
    dataOf(never, 'h', 's/0')['attempts'],
    3,
    'Ansible does not count the last attempt when none is left',
  )
  t.equal(failureOf(never, 'h', 's/0')?.message, "After 4 attempts until: r.stdout == 'ready' is false.")
})

t.test('parameters are checked after they are filled in', async (t) => {
  const ran = await run({
    stages: [
      play(
        's',
        ['h'],
        [
          task('s/0', 'change', { times: '{{ n }}', tmies: 1 }, { ignoreErrors: true }),
          task('s/1', 'change', '{{ all }}'),
        ],
      ),
    ],
    hosts: { h: { n: 'many', all: { times: 2 } } },
  })
  t.same(failureOf(ran, 'h', 's/0'), {
    reason: 'module',
    code: 'invalid-parameter',
    message: 'change: "times" must be a number, not the text "many"; change: unknown parameter tmies',
    hint: 'did you mean "times"?',
    location: { file: '/lab/pipelines/test.yml', line: 1, column: 1 },
  })
  t.equal(ran.events.filter((event) => event.kind === 'task.change').length, 2)
})

t.test('check mode shows changes and applies none', async (t) => {
  const puppets = new Puppets((_host, text) => (text === 'open' ? '' : `ran ${text}`))
  const steps = [
    task('s/0', 'act', { cmd: 'danger' }),
    task('s/1', 'ask', { cmd: 'q' }, { register: 'r' }),
    task('s/2', 'act', { cmd: 'anyway' }, { checkMode: false }),
    task('s/3', 'echo', { a: '{{ ansible_check_mode }} {{ r.stdout }}' }),
  ]
  const ran = await run({ stages: [play('s', ['h'], steps)] }, { check: true, openConnection: puppets.open })
  t.same(
    ran.events.flatMap((event) =>
      event.kind === 'task.change' ? [`${event.summary} ${event.applied}`] : [],
    ),
    ['act danger false', 'act anyway true'],
  )
  t.equal(dataOf(ran, 'h', 's/0')['stdout'], '')
  t.equal(dataOf(ran, 'h', 's/2')['stdout'], 'ran anyway')
  t.equal(dataOf(ran, 'h', 's/3')['a'], 'True ran q')
  t.equal(counts(ran, 'h'), '4 2 0 0 0 0 0')
})

t.test('become, environment and delegation reach the command', async (t) => {
  const puppets = new Puppets()
  const done = run(
    {
      hosts: { h: { ansible_become_password: 'hunter22' }, other: { ansible_become_user: 'admin' } },
      stages: [
        play(
          's',
          ['h'],
          [
            task(
              's/0',
              'ask',
              { cmd: 'one' },
              { become: true, becomeUser: '{{ who }}', environment: { B: '{{ who }}' } },
            ),
            task('s/1', 'ask', { cmd: 'two' }, { become: true, delegateTo: 'other' }),
          ],
          { vars: { who: 'ann' }, environment: { A: '1', B: '2' } },
        ),
      ],
    },
    { openConnection: puppets.open },
  )
  const one = await puppets.next('h', 'one')
  t.match(one.command, {
    become: { method: 'sudo', user: 'ann', password: 'hunter22' },
    env: { A: '1', B: 'ann' },
  })
  one.answer('the password is hunter22')
  const two = await puppets.next('other', 'two')
  t.match(two.command.become, { method: 'sudo', user: 'admin' })
  t.notOk(two.command.become?.password, "another host's password is not taken")
  two.answer('')
  const ran = await done
  t.equal(counts(ran, 'h'), '2 0 0 0 0 0 0')
  t.equal(counts(ran, 'other'), 'none', 'the delegating host has the result')
  t.notMatch(JSON.stringify(ran.events), 'hunter22', 'the password is in no event')
  t.match(JSON.stringify(ran.events), 'the password is ***')
})

t.test('each item of a loop may be delegated to another host', async (t) => {
  const puppets = new Puppets()
  const steps = [task('s/0', 'ask', { cmd: 'x' }, { loop: ['other', 'third'], delegateTo: '{{ item }}' })]
  const done = run(
    { hosts: { h: {}, other: {}, third: {} }, stages: [play('s', ['h'], steps)] },
    { openConnection: puppets.open },
  )
  ;(await puppets.next('other', 'x')).answer('')
  ;(await puppets.next('third', 'x')).answer('')
  t.equal(counts(await done, 'h'), '1 0 0 0 0 0 0')
})

t.test('no_log hides everything of a task', async (t) => {
  const ran = await run(
    {
      hosts: { h: { key: 'geheim-123' } },
      stages: [
        play(
          's',
          ['h'],
          [
            task('s/0', 'act', { cmd: '{{ key }}' }, { noLog: true, name: 'use {{ key }}', register: 'r' }),
            task(
              's/1',
              'fail',
              { msg: '{{ key }}' },
              { noLog: '{{ true }}', ignoreErrors: true, loop: ['{{ key }}'] },
            ),
            task('s/2', 'echo', { a: '{{ r.stdout | length }}' }),
          ],
        ),
      ],
    },
    { openConnection: new Puppets(() => 'geheim-123').open },
  )
  t.notMatch(JSON.stringify(ran.events), 'geheim-123')
  t.equal(dataOf(ran, 'h', 's/2')['a'], 10, 'the play itself can use the result')
  t.same(
    ran.events.flatMap((event) =>
      event.kind === 'task.finished' && event.outcome.kind === 'failed'
        ? [event.outcome.failure.message]
        : [],
    ),
    ["The task failed; why is hidden because 'no_log' is set."],
  )
})

t.test('a task that takes too long is cancelled', async (t) => {
  const puppets = new Puppets()
  const ran = await run(
    { stages: [play('s', ['h'], [task('s/0', 'ask', { cmd: 'hang' }, { timeout: 0.01 })])] },
    { openConnection: puppets.open },
  )
  t.equal(failureOf(ran, 'h', 's/0')?.message, 'The task did not end within its 0.01 s.')
  t.ok((await puppets.next('h', 'hang')).signal?.aborted)
})

t.test('what one task asked for and gave up, another one that waits for it asks again', async (t) => {
  const puppets = new Puppets()
  const impatient = { timeout: 0.2, ignoreErrors: true }
  const done = run(
    {
      stages: [
        play('a', ['h'], [task('a/0', 'look', {}, impatient)], { needs: [] }),
        play('b', ['h'], [task('b/0', 'look')], { needs: [] }),
      ],
    },
    { openConnection: puppets.open },
  )
  await puppets.next('h', 'look x')
  const again = await puppets.next('h', 'look x')
  again.answer('seen')
  const ran = await done
  t.same(story(ran.events), ['h a/0 ignored', 'h b/0 ok'])
  t.equal(dataOf(ran, 'h', 'b/0')['seen'], 'seen')
})

t.test('what nobody foresaw is a failure of its own kind', async (t) => {
  const ran = await run(
    { stages: [play('s', ['h'], [task('s/0', 'ask', { cmd: 'x' }), task('s/1', 'echo')])] },
    {
      openConnection: async () => {
        throw new TypeError('x is not a function')
      },
    },
  )
  t.match(failureOf(ran, 'h', 's/0'), {
    reason: 'unexpected',
    code: 'unexpected',
    message: 'Unexpected: x is not a function',
  })
  t.same(story(ran.events), ['h s/0 failed'])
})

t.test(
  'unreachable hosts are classified and leave; another host that is lost fails the task only',
  async (t) => {
    const lost = new FailureError({
      reason: 'unreachable',
      code: 'ssh-refused',
      message: 'Connection refused.',
    })
    const puppets = new Puppets((host, text) => (host === 'b' && text === 'open' ? lost : ''))
    const ran = await run(
      {
        stages: [
          play('s', ['a', 'b', 'c'], [task('s/0', 'ask', { cmd: 'x' }), task('s/1', 'echo')]),
          play('t', ['a', 'b'], [task('t/0', 'echo')], { needs: ['s'] }),
        ],
      },
      { openConnection: puppets.open },
    )
    t.equal(counts(ran, 'b'), '0 0 1 0 0 0 0')
    t.equal(counts(ran, 'a'), '3 0 0 0 0 0 0')
    t.equal(ran.outcome.exitCode, 4)
    const ignored = await run(
      {
        stages: [
          play(
            's',
            ['b'],
            [task('s/0', 'ask', { cmd: 'x' }, { ignoreUnreachable: true }), task('s/1', 'echo')],
          ),
        ],
      },
      { openConnection: puppets.open },
    )
    t.equal(counts(ignored, 'b'), '2 0 0 0 0 0 1')
    t.equal(ignored.outcome.exitCode, 0)
  },
)

t.test('a question that a command waited for is shown when the command is ended', async (t) => {
  const puppets = new Puppets(() => '')
  const ran = await run(
    { stages: [play('s', ['h'], [task('s/0', 'act', { cmd: 'ask' })])] },
    {
      openConnection: async (settings, dependencies) => ({
        ...(await puppets.open(settings, dependencies)),
        run: async (_command, options) => {
          options?.onOutput?.('stdout', 'Continue? [y/N] ')
          throw new FailureError({ reason: 'timeout', code: 'command-timeout', message: 'ended' })
        },
      }),
    },
  )
  const lines = ran.events.flatMap((event) => (event.kind === 'task.output' ? [event.line] : []))
  t.same(lines, ['Continue? [y/N] '])
})
