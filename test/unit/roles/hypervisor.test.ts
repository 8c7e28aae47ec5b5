import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseYaml } from '../../../src/config/yaml.ts'
import { data, templates, VariableScope } from '../../../src/engine/vars.ts'
import type { Step, Task } from '../../../src/model/task.ts'
import type { Value, Vars } from '../../../src/model/value.ts'
import { compilePipeline } from '../../../src/plan/compile.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { must } from '../../support/tool.ts'

/** Families of hosts that the role was never run on: what it would install and start there. */
interface Cases {
  readonly packages: readonly {
    readonly title: string
    readonly facts: Vars
    readonly vars?: Vars
    readonly wanted: Value
  }[]
  readonly daemons: readonly {
    readonly title: string
    readonly units: readonly string[]
    readonly found: string
  }[]
}

const file = 'test/cases/roles/hypervisor.yml'
const document = parseYaml(readFileSync(join(packageRoot, file), 'utf8'), file)
if (!document.ok) throw new Error(`${file} is no YAML`)
const { packages, daemons } = document.value.value as unknown as Cases

const compiled = await compilePipeline({
  labDirectory: packageRoot,
  pipeline: { name: 'lab' },
  inventory: [],
})
if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
const { plan } = compiled.value
const allTasks = (steps: readonly Step[]): Task[] =>
  steps.flatMap((step) => (step.kind === 'task' ? [step] : allTasks(step.block)))
const tasks = [
  ...plan.stages.flatMap((stage) => (stage.kind === 'play' ? allTasks(stage.steps) : [])),
  ...Object.values(plan.includes).flatMap(allTasks),
]
const taskCalled = (name: string): Task => {
  const found = tasks.find((task) => task.name === name)
  if (found === undefined) throw new Error(`the role has no task "${name}"`)
  return found
}
const defaults = plan.roles['hypervisor']?.defaults ?? {}

for (const { title, facts, vars = {}, wanted } of packages)
  t.test(`packages of ${title}`, async (t) => {
    const scope = new VariableScope({
      layers: [templates(defaults), data(facts), data(vars)],
      magic: () => undefined,
    })
    t.same(scope.get('hypervisor_wanted'), wanted)
  })

/** systemctl as far as the role asks it, about the units of a case. */
const systemctl = `#!/bin/sh
for unit; do :; done
case $1 in
  list-unit-files) case " $UNITS " in *" $unit "*|*" $unit* "*) echo "$unit disabled" ;; esac ;;
  is-enabled) case " $UNITS " in *" $unit* "*) ;; *) exit 1 ;; esac ;;
esac
`

for (const { title, units, found } of daemons)
  t.test(`daemons of ${title}`, async (t) => {
    const folder = t.testdir({})
    writeFileSync(join(folder, 'systemctl'), systemctl)
    chmodSync(join(folder, 'systemctl'), 0o755)
    const { params } = taskCalled('What is this host set up for')
    const script = typeof params === 'string' ? params : String(params['_raw_params'])
    const words = [`PATH=${folder}:/usr/bin:/bin`, `UNITS=${units.join(' ')}`, 'sh', '-c', script]
    t.equal(must('env', words).trim(), found)
  })
