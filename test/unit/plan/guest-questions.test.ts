import t, { type Test } from 'tap'
import type { Plan, PlayStage } from '../../../src/model/plan.ts'
import type { Step, Task } from '../../../src/model/task.ts'
import { compilePipeline } from '../../../src/plan/compile.ts'
import { guestQuestions } from '../../../src/plan/guest-questions.ts'
import { packageRoot } from '../../../src/util/package-root.ts'

async function compile(folder: string, name: string): Promise<Plan> {
  const compiled = await compilePipeline({ labDirectory: folder, pipeline: { name }, inventory: [] })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error, null, 1))
  return compiled.value.plan
}

function tasks(steps: readonly Step[]): Task[] {
  return steps.flatMap((step) =>
    step.kind === 'task' ? [step] : tasks([...step.block, ...step.rescue, ...step.always]),
  )
}

/** Of each stage the modules that are left. */
function modulesOf(t: Test, plan: Plan): Record<string, string[]> {
  const stages = plan.stages.filter((stage): stage is PlayStage => stage.kind === 'play')
  t.equal(stages.length, plan.stages.length)
  return Object.fromEntries(stages.map(({ name, steps }) => [name, tasks(steps).map(({ module }) => module)]))
}

t.test('the quick lab: of what comes before the guests only what sets variables', async (t) => {
  const plan = await compile(packageRoot, 'quick')
  const asked = guestQuestions(plan)
  const found = modulesOf(t, asked?.plan ?? plan)
  t.same(Object.keys(found), ['preflight', 'image', 'hypervisor', 'deploy'])
  t.same(found['preflight'], ['preflight'])
  t.same(found['deploy'], ['libvirt_guest_info'])
  const all = tasks([
    ...(asked?.plan.stages ?? []).flatMap((stage) => (stage.kind === 'play' ? stage.steps : [])),
    ...Object.values(asked?.plan.includes ?? {}).flat(),
  ])
  const known = [
    'set_fact',
    'preflight',
    'image_info',
    'stat',
    'include_tasks',
    'include_role',
    'libvirt_guest_info',
  ]
  for (const task of all.filter(({ module }) => !known.includes(module)))
    t.match(task, { checkMode: false, changedWhen: [false], ignoreErrors: true }, task.id)
  t.same(
    all.filter(({ id }) => asked?.isAnswer(id)).map(({ module }) => module),
    ['libvirt_guest_info'],
  )
})

t.test('guests in blocks, loops and includes; other stages and judgements go', async (t) => {
  const folder = t.testdir({
    pipelines: {
      'p.yml': `
stages:
  - name: first
    hosts: localhost
    serial: 1
    tasks:
      - command: hostname
        register: asked
        changed_when: false
        check_mode: false
      - command: reboot
      - set_fact: {size: "{{ asked.stdout | length }}"}
        notify: said
      - block:
          - libvirt_guest: {name: "{{ item }}"}
            loop: [a, b]
            register: made
            failed_when: made.guests | length == 0
            notify: said
        rescue:
          - debug: {msg: no}
      - include_tasks: more.yml
      - include_tasks: none.yml
    handlers:
      - name: said
        debug: {msg: x}
  - name: other
    hosts: localhost
    needs: []
    tasks: [{debug: {msg: x}}]
  - name: second
    hosts: localhost
    needs: [first]
    tasks: [{debug: {msg: x}}]
`,
      'more.yml': '- libvirt_guest: {name: c, state: absent}\n- debug: {msg: x}\n',
      'none.yml': '- debug: {msg: x}\n',
    },
  })
  const plan = await compile(folder, 'p')
  const asked = guestQuestions(plan)
  t.same(modulesOf(t, asked?.plan ?? plan), {
    first: ['command', 'set_fact', 'libvirt_guest_info', 'include_tasks'],
  })
  const [stage] = asked?.plan.stages ?? []
  t.match(stage, { handlers: [], serial: [], anyErrorsFatal: false })
  const all = tasks(stage?.kind === 'play' ? stage.steps : [])
  t.match(all[2], { loop: ['a', 'b'], register: 'made', notify: [] })
  t.notOk(all[2] && 'failedWhen' in all[2])
  t.equal(all[3]?.ignoreErrors, undefined, 'a failure of the include is one of its guests')
  const included = Object.values(asked?.plan.includes ?? {}).flatMap(tasks)
  t.same(
    included.map(({ module }) => module),
    ['libvirt_guest_info'],
  )
  t.ok(asked?.isAnswer(`${included[0]?.id}#2`))
  t.notOk(asked?.isAnswer(all[1]?.id ?? ''))
})

t.test('a plan without guests has nothing to ask', async (t) => {
  const folder = t.testdir({
    pipelines: { 'p.yml': 'stages: [{name: a, hosts: localhost, tasks: [{ping: }]}]\n' },
  })
  t.equal(guestQuestions(await compile(folder, 'p')), undefined)
})
