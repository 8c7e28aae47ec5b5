import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { CommandEnvironment } from '../../../src/commands/environment.ts'
import { initCommand } from '../../../src/commands/init.ts'
import { inventoryCommand } from '../../../src/commands/inventory.ts'
import { planCommand } from '../../../src/commands/plan.ts'
import { validateCommand } from '../../../src/commands/validate.ts'
import { loadInventory } from '../../../src/config/inventory.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { Plan, PlayStage } from '../../../src/model/plan.ts'
import type { Step, Task } from '../../../src/model/task.ts'
import { adHocPlan } from '../../../src/plan/ad-hoc.ts'
import { type CompileOptions, compilePipeline } from '../../../src/plan/compile.ts'
import { splitAssignments, splitCommandText } from '../../../src/plan/free-form.ts'
import { printPlan } from '../../../src/plan/print-plan.ts'
import { isSelected } from '../../../src/plan/tags.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { testModules } from '../../support/test-modules.ts'

const inventory = { 'hosts.yml': 'web: {hosts: {w1: , w2: }}\ndb: {hosts: {d1: }}\n' }

async function compile(folder: string, options: Partial<CompileOptions> = {}): Promise<Plan> {
  const compiled = await compilePipeline({
    labDirectory: folder,
    pipeline: { name: 'p' },
    inventory: [],
    modules: testModules,
    ...options,
  })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error, null, 1))
  return compiled.value.plan
}

function play(plan: Plan, name: string): PlayStage {
  const stage = plan.stages.find((one) => one.name === name)
  if (stage?.kind !== 'play') throw new Error(`no play ${name}`)
  return stage
}

/** Ids of all tasks below, in order. */
function ids(steps: readonly Step[]): string[] {
  return steps.flatMap((step) =>
    step.kind === 'task' ? [step.id] : [...ids(step.block), ...ids(step.rescue), ...ids(step.always)],
  )
}

function tasks(steps: readonly Step[]): Task[] {
  return steps.flatMap((step) => (step.kind === 'task' ? [step] : tasks(step.block)))
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

void t.test('a stage becomes tasks in Ansible’s order', async (t) => {
  const folder = t.testdir({
    inventory,
    pipelines: {
      'p.yml': `
name: Test
vars: {a: pipeline, b: pipeline}
stages:
  - name: one
    hosts: [web, "!w2"]
    vars: {b: stage, c: stage}
    vars_files: [v.yml, [none.yml, v2.yml]]
    become: true
    serial: [1, 50%]
    max_fail_percentage: 10
    no_log: true
    pre_tasks:
      - debug: {msg: hi}
    roles: [r]
    tasks:
      - name: block
        when: [a is defined, true]
        become_user: me
        block:
          - command: ls
            notify: h
        rescue:
          - debug: msg="no luck"
        always:
          - local_action: command echo {{ a }} chdir=/tmp
    post_tasks:
      - ansible.builtin.package: {name: vim}
        loop: [1]
        loop_control: {loop_var: x, label: "{{ x }}"}
    handlers:
      - name: h
        listen: [x, "y, z"]
        command: ls
  - name: two
    hosts: all
    needs: []
    gather_facts: no
    strategy: free
  - name: three
    hosts: "{{ target }}"
  - name: four
    hosts: guests
    needs: [one, two]
    script: stages/x.mts
`,
      'v.yml': 'c: file\nd: file\n',
      'v2.yml': 'e: second\n',
    },
    stages: { 'x.mts': 'export default async () => {}\n' },
    roles: {
      r: {
        tasks: { 'main.yml': '- debug:\n    msg: role\n  notify: "r : rh"\n' },
        handlers: { 'main.yaml': '- name: rh\n  meta: noop\n' },
        defaults: { 'main.yml': 'x: default\n' },
        vars: { main: { 'a.yml': 'y: a\n', 'b.yml': 'y: b\n' } },
        meta: { 'main.yml': 'dependencies:\n  - {role: dep, p: 1, tags: t}\n' },
      },
      dep: { tasks: { 'main.yml': '- debug: {msg: dep}\n' } },
    },
  })
  const plan = await compile(folder, { extraVars: { target: 'db' } })
  t.equal(plan.name, 'Test')
  t.same(plan.searchPath, [folder, packageRoot])
  const one = play(plan, 'one')
  t.same(one.hosts, ['w1'])
  t.same(ids(one.steps), [
    'one/pre_tasks.0',
    'one/flush.0',
    'one/roles.0.dependencies.0.tasks.0',
    'one/roles.0.tasks.0',
    'one/tasks.0.block.0',
    'one/tasks.0.rescue.0',
    'one/tasks.0.always.0',
    'one/flush.1',
    'one/post_tasks.0',
    'one/flush.2',
  ])
  t.same(plain(plan.defaults), { a: 'pipeline', b: 'pipeline' })
  t.same(plain(one.vars), { b: 'stage', c: 'file', d: 'file', e: 'second' })
  t.match(one, {
    become: true,
    serial: [1, '50%'],
    maxFailPercentage: 10,
    gatherFacts: true,
    strategy: 'linear',
    needs: [],
    roles: ['dep', 'r'],
  })
  t.ok(
    one.steps.every((step) => step.noLog === true),
    'keywords of the play reach its steps',
  )
  t.same(
    one.handlers.map(({ id, name, listen }) => [id, name, listen]),
    [
      ['r/handlers.0', 'rh', []],
      ['one/handlers.0', 'h', ['x', 'y, z']],
    ],
  )
  const always = one.steps.flatMap((step) => (step.kind === 'block' ? tasks(step.always) : []))
  t.match(plain(always[0]), {
    module: 'command',
    delegateTo: 'localhost',
    params: { cmd: 'echo {{ a }}', chdir: '/tmp' },
  })
  const block = one.steps.find((step) => step.kind === 'block' && step.name === 'block')
  t.match(block, { when: ['a is defined', true], becomeUser: 'me' })
  const post = tasks(one.steps).find((task) => task.id === 'one/post_tasks.0')
  t.match(plain(post), {
    module: 'apt',
    loop: [1],
    loopKind: 'loop',
    loopControl: { loopVar: 'x', label: '{{ x }}' },
  })
  t.same(plain(plan.roles), {
    r: {
      name: 'r',
      path: join(folder, 'roles/r'),
      defaults: { x: 'default' },
      vars: { y: 'b' },
      params: {},
      dependencies: ['dep'],
    },
    dep: {
      name: 'dep',
      path: join(folder, 'roles/dep'),
      defaults: {},
      vars: {},
      params: { p: 1 },
      dependencies: [],
    },
  })
  t.match(
    tasks(one.steps).find((task) => task.role === 'dep'),
    { tags: ['t'] },
  )
  t.match(play(plan, 'two'), { needs: [], gatherFacts: false, strategy: 'free', steps: [] })
  t.match(play(plan, 'three'), { needs: ['two'], pattern: 'db', hosts: ['d1'] })
  t.match(plan.stages[3], {
    kind: 'script',
    script: join(folder, 'stages/x.mts'),
    hosts: [],
    pattern: 'guests',
    needs: ['one', 'two'],
  })
})

void t.test(
  'roles run once unless they differ, imports stand in place, includes are compiled beside',
  async (t) => {
    const folder = t.testdir({
      inventory,
      'site.yml': `
- name: "Set up: web & db"
  hosts: all
  roles:
    - shared
    - {role: shared, x: 1}
    - shared
    - {role: shared, x: 1, when: y}
    - again
    - again
  tasks:
    - import_tasks: tasks/a.yml
    - import_tasks: tasks/a.yml
      when: z
      tags: imported
    - import_role: {name: other, tasks_from: extra.yml}
    - include_tasks: tasks/a.yml
    - include_tasks: {file: tasks/a.yml, apply: {become: true, tags: [x]}}
    - include_role: {name: other}
      loop: [1, 2]
    - include_tasks: "tasks/{{ item }}.yml"
    - include_role: {name: "oth{{ x }}", tasks_from: "{{ y }}"}
    - include_tasks: tasks/self.yml
- hosts: web
- hosts: web
`,
      tasks: {
        'a.yml': '- debug: {msg: a}\n',
        'b.yml': '- debug: {msg: b}\n',
        'vars.yml': 'a: 1\n',
        'self.yml': '- include_tasks: self.yml\n  when: deeper\n- include_tasks: a.yml\n',
      },
      roles: {
        shared: { tasks: { 'main.yml': '- debug: {msg: shared}\n' } },
        again: {
          tasks: { 'main.yml': '- debug: {msg: again}\n' },
          meta: { 'main.yml': 'allow_duplicates: true\n' },
        },
        other: {
          tasks: {
            'main.yml': '- include_tasks: extra.yml\n- command: ls\n  notify: oh\n',
            'extra.yml': '- debug: {msg: extra}\n',
          },
          handlers: { 'main.yml': '- name: oh\n  command: ls\n' },
        },
      },
    })
    const plan = await compile(folder, { pipeline: { file: 'site.yml' } })
    t.equal(plan.name, 'site')
    t.same(
      plan.stages.map(({ name, needs }) => [name, needs]),
      [
        ['set-up-web-db', []],
        ['play-2', ['set-up-web-db']],
        ['play-3', ['play-2']],
      ],
    )
    const stage = play(plan, 'set-up-web-db')
    t.same(
      ids(stage.steps).map((id) => id.replace('set-up-web-db/', '')),
      [
        'roles.0.tasks.0',
        'roles.1.tasks.0',
        'roles.3.tasks.0',
        'roles.4.tasks.0',
        'roles.5.tasks.0',
        'tasks.0.import.0',
        'tasks.1.import.0',
        'tasks.2.tasks.0',
        'tasks.3',
        'tasks.4',
        'tasks.5',
        'tasks.6',
        'tasks.7',
        'tasks.8',
        'flush.1',
      ],
    )
    t.same(Object.keys(plan.roles), ['shared', 'shared#2', 'again', 'other'])
    const file = (name: string) => join(folder, 'tasks', name)
    const extra = join(folder, 'roles/other/tasks/extra.yml')
    t.same(
      Object.keys(plan.includes).sort(),
      [
        file('a.yml'),
        `${file('a.yml')}#site.yml:18:22`,
        file('b.yml'),
        file('self.yml'),
        extra,
        'role:other:extra',
        'role:other:main',
      ].sort(),
    )
    t.same(
      tasks(stage.steps).flatMap((task) => (task.module.startsWith('include') ? [task.include?.key] : [])),
      [
        file('a.yml'),
        `${file('a.yml')}#site.yml:18:22`,
        'role:other:main',
        undefined,
        undefined,
        file('self.yml'),
      ],
    )
    t.match(plan.includes[`${file('a.yml')}#site.yml:18:22`], [
      { kind: 'block', become: true, tags: ['x'], block: [{ module: 'debug', tags: ['x'] }] },
    ])
    t.match(plan.includes['role:other:main'], [
      {
        kind: 'block',
        role: 'other',
        block: [{ include: { key: extra }, role: 'other' }, { module: 'command' }],
      },
    ])
    t.match(plan.includes[extra], [{ id: 'roles/other/tasks/extra.yml/0', role: 'other' }])
    t.same(
      stage.handlers.map((handler) => handler.name),
      ['oh'],
      'handlers of included roles',
    )
    const imported = stage.steps.find((step) => step.kind === 'block' && step.tags.includes('imported'))
    t.match(imported, { when: ['z'], block: [{ tags: ['imported'] }] })
  },
)

void t.test('stages of groups that tasks make need no host of the inventory', async (t) => {
  const folder = t.testdir({
    inventory,
    pipelines: {
      'p.yml': `
- hosts: web
  tasks:
    - add_host: name=n groups=fresh,more
    - add_host: {name: o, groups: ["of_{{ inventory_hostname }}"]}
    - group_by: {key: "os {{ ansible_distribution }}"}
- {name: fresh, hosts: "fresh:more"}
- {name: os, hosts: os-Debian}
- {name: of, hosts: "of_w1:!w2"}
- {name: one, hosts: w1}
`,
      'q.yml': '- {hosts: web, tasks: [group_by: {key: os}]}\n- {hosts: so}\n',
    },
  })
  const compiled = async (name: string) =>
    await compilePipeline({ labDirectory: folder, pipeline: { name }, inventory: [] })
  const good = await compiled('p')
  t.same(good.ok && good.value.warnings, [])
  t.same(good.ok && good.value.plan.stages.map(({ name, hosts, mayBeEmpty }) => [name, hosts, mayBeEmpty]), [
    ['play-1', ['w1', 'w2'], undefined],
    ['fresh', [], true],
    ['os', [], true],
    ['of', [], true],
    ['one', ['w1'], undefined],
  ])
  const bad = await compiled('q')
  t.match(bad.ok ? [] : bad.error, [{ message: 'no host or group of the inventory is called "so"' }])
})

void t.test('handlers of a role have the keywords of its uses and of the roles around', async (t) => {
  const folder = t.testdir({
    inventory,
    pipelines: {
      'p.yml': `
- name: one
  hosts: web
  roles:
    - r
    - {role: r, when: x, become: true, environment: {A: role}}
- name: two
  hosts: web
  tasks:
    - import_role: {name: outer}
      when: y
      no_log: true
`,
    },
    roles: {
      r: {
        tasks: { 'main.yml': '- debug:\n  notify: h\n' },
        handlers: { 'main.yml': '- {name: h, debug: , when: z, become: false, environment: {B: own}}\n' },
      },
      outer: { meta: { 'main.yml': 'dependencies: [{role: r, when: inner}]\n' } },
    },
  })
  const plan = await compile(folder)
  const [one, two] = ['one', 'two'].map((name) => play(plan, name).handlers.map((handler) => plain(handler)))
  t.match(one, [
    { id: 'r/handlers.0', when: ['z'], become: false, environment: [{ B: 'own' }] },
    {
      id: 'r/handlers~2.0',
      when: ['x', 'z'],
      become: false,
      environment: [{ A: 'role' }, { B: 'own' }],
    },
  ])
  t.match(two, [{ id: 'r/handlers~3.0', when: ['y', 'inner', 'z'], noLog: true }])
})

void t.test('tags', async (t) => {
  const none = { only: [], skip: [] }
  const cases: [string[], { only: string[]; skip: string[] }, boolean][] = [
    [[], none, true],
    [['a'], none, true],
    [['never'], none, false],
    [['never', 'a'], { only: ['a'], skip: [] }, true],
    [['a'], { only: ['b'], skip: [] }, false],
    [['always'], { only: ['b'], skip: [] }, true],
    [['always'], { only: [], skip: ['always'] }, false],
    [[], { only: ['tagged'], skip: [] }, false],
    [['a'], { only: ['tagged'], skip: [] }, true],
    [['never'], { only: ['tagged'], skip: [] }, false],
    [[], { only: ['untagged'], skip: [] }, true],
    [['a'], { only: ['untagged'], skip: [] }, false],
    [['a'], { only: [], skip: ['a'] }, false],
    [['a'], { only: [], skip: ['tagged'] }, false],
    [[], { only: [], skip: ['untagged'] }, false],
    [['always'], { only: [], skip: ['all'] }, true],
    [['a'], { only: [], skip: ['all'] }, false],
    [['always'], { only: [], skip: ['all', 'always'] }, false],
    [['never'], { only: ['all'], skip: [] }, false],
  ]
  for (const [tags, selection, expected] of cases) {
    t.equal(
      isSelected(tags, selection),
      expected,
      `${tags.join() || 'untagged'} with ${JSON.stringify(selection)}`,
    )
  }
  const folder = t.testdir({
    inventory,
    pipelines: {
      'p.yml': `
stages:
  - {name: first, hosts: web, tasks: [{debug: , tags: x}]}
  - {name: middle, hosts: web, tasks: [{debug: , tags: "y, z"}]}
  - name: last
    hosts: web
    tags: stage
    tasks:
      - block: [{debug: , tags: x}, {debug: }]
        tags: [block]
      - import_tasks: t.yml
        tags: imp
      - {include_tasks: t.yml, tags: x}
      - {debug: , tags: never}
    handlers: [{name: h, debug: }]
`,
      't.yml': '- debug:\n- {debug: , tags: x}\n',
    },
  })
  const selected = async (tags: string[], skipTags: string[] = []) => {
    const plan = await compile(folder, { tags, skipTags })
    return plan.stages.map((stage) => [
      stage.name,
      stage.needs,
      stage.kind === 'play' ? ids(stage.steps) : [],
    ])
  }
  t.same(await selected(['x']), [
    ['first', [], ['first/tasks.0']],
    ['last', ['first'], ['last/tasks.0.block.0', 'last/tasks.1.import.1', 'last/tasks.2', 'last/flush.1']],
  ])
  t.same(await selected(['imp', 'z']), [
    ['middle', [], ['middle/tasks.0']],
    ['last', ['middle'], ['last/tasks.1.import.0', 'last/tasks.1.import.1', 'last/flush.1']],
  ])
  t.same(await selected([], ['stage']), [
    ['first', [], ['first/tasks.0']],
    ['middle', ['first'], ['middle/tasks.0']],
  ])
  t.same(await selected(['nothing']), [])

  // What stands inside an include has the tags of the blocks, the role and the play around it, not the include's own.
  const around = t.testdir({
    inventory,
    pipelines: {
      'p.yml': `
stages:
  - name: one
    hosts: web
    roles: [{role: r, tags: role}]
    tasks:
      - block:
          - include_tasks: i.yml
          - include_role: {name: r}
          - include_tasks: "{{ 'i' }}.yml"
        tags: around
      - include_tasks: i.yml
        tags: own
      - include_role: {name: r, apply: {tags: applied}}
        tags: applied
  - {name: two, hosts: web, tags: play, tasks: [{include_tasks: i.yml}]}
`,
      'i.yml': '- {debug: , name: plain}\n- {debug: , name: tagged, tags: t}\n',
    },
    roles: {
      r: { tasks: { 'main.yml': '- include_tasks: more.yml\n', 'more.yml': '- {debug: , name: more}\n' } },
    },
  })
  const included = async (tag: string): Promise<string[]> => {
    const plan = await compile(around, { tags: [tag] })
    return Object.entries(plan.includes)
      .map(([key, steps]) => `${key.replace(/^\/.*\//, '')}: ${names(steps)}`)
      .sort()
  }
  t.same(await included('role'), ['more.yml+role: more'])
  t.same(await included('around'), [
    'i.yml+around: plain tagged',
    'more.yml+around: more',
    'role:r:main+around: include_tasks',
  ])
  t.same(await included('own'), ['i.yml: '])
  t.same(await included('applied'), [
    'more.yml+applied: more',
    'role:r:main#pipelines/p.yml:14:23: include_tasks',
  ])
  t.same(await included('play'), ['i.yml+play: plain tagged'])
  const nothing = await compilePipeline({
    labDirectory: folder,
    pipeline: { name: 'p' },
    inventory: [],
    modules: testModules,
    tags: ['nothing'],
    skipTags: ['y'],
  })
  t.match(nothing.ok && nothing.value.warnings, [
    {
      message: '--tags nothing --skip-tags y leaves no task of the pipeline',
      hint: 'the tags are applied, around, own, play, role',
    },
  ])
  const misspelt = await compilePipeline({
    labDirectory: folder,
    pipeline: { name: 'p' },
    inventory: [],
    modules: testModules,
    tags: ['around', 'aplied', 'tagged'],
    skipTags: ['other'],
  })
  t.same(misspelt.ok && misspelt.value.warnings.map(({ message, hint }) => `${message}: ${hint}`), [
    'no task has the tag "aplied": did you mean "applied"?',
    'no task has the tag "other": the tags are applied, around, own, play, role, t',
  ])
})

/** Tasks by their names, or by their modules. */
function names(steps: readonly Step[]): string {
  const flat = (step: Step): string[] =>
    step.kind === 'task' ? [step.name ?? step.module] : step.block.flatMap(flat)
  return steps.flatMap(flat).join(' ')
}

void t.test('stages stand after those they need', async (t) => {
  const stage = (name: string, needs: string) => `- {name: ${name}, hosts: web, needs: ${needs}, tasks: []}\n`
  const text = `stages:\n${stage('a', '[c]')}${stage('b', '[]')}${stage('c', 'd')}${stage('d', '[]')}`
  const folder = t.testdir({ inventory, pipelines: { 'p.yml': text } })
  t.same(
    (await compile(folder)).stages.map(({ name }) => name),
    ['d', 'c', 'a', 'b'],
  )
})

void t.test('--limit', async (t) => {
  const folder = t.testdir({
    inventory,
    pipelines: {
      'p.yml': 'stages:\n- {name: a, hosts: web, tasks: []}\n- {name: b, hosts: db, tasks: []}\n',
    },
  })
  const options = { labDirectory: folder, pipeline: { name: 'p' }, inventory: [], modules: testModules }
  const limited = await compilePipeline({ ...options, limit: 'w*:!w1' })
  t.same(limited.ok && limited.value.plan.stages.map((stage) => stage.hosts), [['w2'], []])
  t.same(limited.ok && limited.value.warnings.map((one) => one.message), [
    '--limit leaves no host to the stage "b"',
  ])
  const nobody = await compilePipeline({ ...options, limit: 'nobody' })
  t.same(!nobody.ok && nobody.error.map((one) => one.message).slice(0, 1), [
    '--limit nobody matches no host of the inventory',
  ])
  const unknown = await compilePipeline({ ...options, pipeline: { name: 'quik' } })
  t.same(!unknown.ok && unknown.error, [
    {
      severity: 'error',
      code: 'pipeline-unknown',
      message: `there is no pipeline "quik" in ${folder}/pipelines or ${packageRoot}/pipelines`,
      hint: 'did you mean "quick"? known: lab, p, quick, settings',
    },
  ])
  const missing = await compilePipeline({
    ...options,
    pipeline: { file: 'none.yml' },
    inventory: ['nowhere'],
  })
  t.same(!missing.ok && missing.error.map((one) => one.message), [
    'the inventory nowhere does not exist',
    `there is no file ${join(options.labDirectory, 'none.yml')}`,
  ])
})

void t.test('the fingerprint changes with what runs, not with comments', async (t) => {
  const print = async (text: string, template: string) => {
    const folder = t.testdir({
      inventory,
      pipelines: { 'p.yml': text },
      roles: { r: { tasks: { 'main.yml': '- debug:\n' }, templates: { 'x.j2': template } } },
    })
    return (await compile(folder)).fingerprint
  }
  const text = 'stages: [{name: a, hosts: web, roles: [r]}]\n'
  const first = await print(text, 'x')
  t.match(first, /^[0-9a-f]{64}$/)
  t.equal(await print(`# comment\n\n${text}`, 'x'), first)
  t.not(await print(text, 'y'), first)
  t.not(await print(text.replace('web', 'db'), 'x'), first)
})

void t.test('free-form text', async (t) => {
  const commands: [string, unknown][] = [
    ['ls -l', { cmd: 'ls -l' }],
    ['make a=b creates=/x  chdir="/a b" -k', { cmd: 'make a=b -k', creates: '/x', chdir: '/a b' }],
    ["echo 'creates=/x' {{ a b }}", { cmd: "echo 'creates=/x' {{ a b }}" }],
    ['creates={{ a | b }} touch x', { cmd: 'touch x', creates: '{{ a | b }}' }],
    ['first\n  second\n', { cmd: 'first\n  second' }],
  ]
  for (const [text, expected] of commands) t.same(plain(splitCommandText(text, 'cmd')), expected, text)
  t.same(plain(splitAssignments(`src=a dest="b c" mode='{{ x }}' y={{ a b }}`)), {
    ok: true,
    value: { src: 'a', dest: 'b c', mode: '{{ x }}', y: '{{ a b }}' },
  })
  // As ansible-core's `parse_kv`: Python's escapes count, other backslashes stay.
  t.same(plain(splitAssignments(String.raw`a="1\n2" b='it\'s' c=\w+\. d="\u00fc\x41\\" e=\N`)), {
    ok: true,
    value: { a: '1\n2', b: "it's", c: '\\w+\\.', d: 'üA\\', e: '\\N' },
  })
  t.same(splitAssignments('a=1 b'), { ok: false, error: 'b' })
})

void t.test('ad-hoc plans', async (t) => {
  const folder = t.testdir({ inventory })
  const loaded = loadInventory(['inventory'], { cwd: folder })
  if (!loaded.ok) throw new Error('no inventory')
  const options = { searchPath: [folder], modules: testModules, become: true }
  const make = (pattern: string, module: string, params: string | Record<string, never>) =>
    adHocPlan(loaded.value.inventory, pattern, module, params, options)
  const plan = make('web:&w2', 'command', 'echo a=b creates=/x')
  t.match(plain(plan.stages[0]), {
    name: 'ad-hoc',
    hosts: ['w2'],
    become: true,
    gatherFacts: false,
    steps: [{ id: 'ad-hoc/0', module: 'command', params: { cmd: 'echo a=b', creates: '/x' } }],
  })
  t.match(plain(make('all', 'copy', '{"src": "a", "dest": "/b"}').stages), [
    { steps: [{ params: { src: 'a' } }] },
  ])
  t.match(plain(make('localhost', 'debug', '').stages), [{ hosts: ['localhost'], steps: [{ params: {} }] }])
  const ofGuests = adHocPlan(loaded.value.inventory, 'guests', 'debug', '', {
    searchPath: [folder],
    guestsFrom: 'all:!guests',
  })
  t.match(plain(ofGuests.stages), [
    {
      name: 'find-guests',
      hosts: ['w1', 'w2'],
      steps: [{ module: 'libvirt_lab', params: { state: 'facts' } }],
    },
    { name: 'ad-hoc', pattern: 'guests', hosts: [], needs: ['find-guests'], steps: [{ module: 'debug' }] },
  ])
  const named = (pattern: string) =>
    adHocPlan(loaded.value.inventory, pattern, 'debug', '', {
      searchPath: [folder],
      guestsFrom: 'all:!guests',
    }).stages.map(({ name, hosts }) => `${name}: ${hosts.join(' ')}`)
  t.same(named('guest1'), ['find-guests: w1 w2 d1', 'ad-hoc: '])
  t.same(named('w1,guest1.w2'), ['find-guests: w1 w2 d1', 'ad-hoc: w1'])
  t.same(named('w1,guests'), ['find-guests: w1 w2 d1', 'ad-hoc: w1'], 'other hosts take part, too')
  t.same(named('w1'), ['ad-hoc: w1'], 'nobody is asked for nothing')
  t.throws(() => named('wbe'), { message: 'no host or group of the inventory is called "wbe"' })
  const fails = (pattern: string, module: string, params: string) => {
    try {
      make(pattern, module, params)
      return 'no failure'
    } catch (error) {
      return error instanceof FailureError
        ? `${error.failure.message} (${error.failure.hint ?? ''})`
        : String(error)
    }
  }
  t.equal(
    fails('wbe', 'debug', ''),
    'no host or group of the inventory is called "wbe" (did you mean "web"?)',
  )
  t.equal(fails('web', 'comand', ''), 'there is no module "comand" (did you mean "command"?)')
  t.equal(fails('web', 'copy', 'src=a dset=b dest=/c'), 'copy: unknown parameter dset (did you mean "dest"?)')
})

interface Output extends CommandEnvironment {
  out: string
  err: string
}

function environment(cwd: string): Output {
  const env: Output = {
    cwd,
    env: {},
    version: '0.0.0',
    color: false,
    out: '',
    err: '',
    stdout: (text) => {
      env.out += text
    },
    stderr: (text) => {
      env.err += text
    },
    renderer: () => Promise.reject(new Error('no renderer here')),
    onSignal: () => ({ [Symbol.dispose]: () => undefined }),
  }
  return env
}

const options = {
  ...{ inventory: [], extraVars: [], tags: [], skipTags: [] },
  ...{ check: false, diff: false, drift: false, forks: 1, verbosity: 0 },
  format: 'auto',
} as const

void t.test('the package’s own pipelines and a new lab', async (t) => {
  const here = environment(packageRoot)
  t.equal(await validateCommand([], options, here), 0, here.err)
  t.match(
    here.out,
    /^pipelines\/lab\.yml: pipeline is valid, 6 stages, \d+ tasks\npipelines\/quick\.yml: pipeline is valid, 6 stages, \d+ tasks\npipelines\/settings\.yml: pipeline is valid, 7 stages, \d+ tasks\n$/,
  )
  t.equal(here.err, '')

  const parent = environment(t.testdir({}))
  t.equal(await initCommand('mylab', parent), 0)
  t.equal(parent.out, 'mylab: a new lab. Next:\n  cd mylab\n  hvlab plan lab\n  hvlab up\n')
  const lab = environment(join(parent.cwd, 'mylab'))
  t.same(readdirSync(lab.cwd).sort(), ['.gitignore', 'README.md', 'inventory', 'pipelines'])
  t.equal(await validateCommand([], options, lab), 0)
  t.match(lab.out, /^pipelines\/lab\.yml: pipeline is valid, 6 stages, \d+ tasks\n$/)
  t.equal(await initCommand('mylab', parent), 1)
  t.equal(
    parent.err,
    'error: the folder mylab is not empty\n  hint: name a new folder; nothing was written\n',
  )
  t.notOk(existsSync(join(lab.cwd, 'roles')), 'what a lab lacks comes from the package')
})

void t.test('commands plan, validate and inventory', async (t) => {
  const folder = t.testdir({
    inventory,
    pipelines: {
      'p.yml': `
name: Small
stages:
  - name: a
    hosts: web
    tasks:
      - {name: "\\e[31msay\\n", debug: , when: x, tags: t}
      - include_tasks: t.yml
      - block: [{debug: }]
        rescue: [{debug: }]
    handlers: [{name: h, debug: }]
`,
      't.yml': '- debug:\n',
    },
    broken: { 'p.yml': 'stages: [{name: a}]\n' },
  })
  const ran = environment(folder)
  const built = await compile(folder)
  t.equal(
    printPlan(built, { color: false, cwd: folder }),
    [
      'Small  pipelines/p.yml',
      `fingerprint ${built.fingerprint.slice(0, 12)}`,
      '',
      'a  starts at once · web: w1, w2',
      '  gather facts             a/facts',
      '  say (debug)              a/tasks.0  when x · tags t',
      '  include_tasks            a/tasks.1',
      '    debug                  pipelines/t.yml/0',
      '  block                    a/tasks.2',
      '    debug                  a/tasks.2.block.0',
      '  rescue',
      '    debug                  a/tasks.2.rescue.0',
      '  run notified handlers    a/flush.1',
      '  handlers, when notified',
      '    h (debug)              a/handlers.0',
      '',
    ].join('\n'),
  )
  t.equal(await planCommand('broken/p.yml', options, ran), 1)
  t.equal(
    ran.err,
    'broken/p.yml:1:10: error: "hosts" is missing in the stage "a"\n  1 | stages: [{name: a}]\n    |          ~\n\n1 error\n',
  )
  t.equal(ran.out, '')

  const checked = environment(folder)
  const files = ['inventory/hosts.yml', 'broken/p.yml']
  t.equal(await validateCommand(files, { ...options, format: 'json' }, checked), 1)
  t.match(JSON.parse(checked.out), {
    valid: false,
    files: [
      { file: 'inventory/hosts.yml', kind: 'inventory', diagnostics: [] },
      {
        file: 'broken/p.yml',
        kind: 'pipeline',
        diagnostics: [{ code: 'missing-key', location: { line: 1 } }],
      },
    ],
  })

  const listed = environment(folder)
  const inventoryOptions = { ...options, list: false, graph: false }
  t.equal(await inventoryCommand({ ...inventoryOptions, list: true, limit: 'w1' }, listed), 0)
  t.same(JSON.parse(listed.out), {
    _meta: { hostvars: {} },
    all: { children: ['web', 'db'] },
    web: { hosts: ['w1'] },
  })
  const single = environment(folder)
  t.equal(await inventoryCommand({ ...inventoryOptions, host: 'w1', extraVars: ['a=1'] }, single), 0)
  t.same(JSON.parse(single.out), { a: '1' })
  t.equal(await inventoryCommand({ ...inventoryOptions, host: 'w9' }, single), 1)
  t.equal(single.err, 'error: the inventory has no host "w9"\n  hint: did you mean "w1"?\n')
})
