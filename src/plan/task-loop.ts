import type { z } from 'zod'
import { describe } from '../config/describe.ts'
import { isMap } from '../config/schema/common.ts'
import { loopLookups, type taskKeywords } from '../config/schema/step.ts'
import type { LoopControl, Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { hasTemplate } from '../template/template.ts'
import { defined } from '../util/defined.ts'
import type { CompileContext, Scope, Source } from './compile-context.ts'

type Keywords = z.output<typeof taskKeywords>

/** `loop`, `with_…` and `loop_control`, as the model has them. */
export function loopOf(given: Keywords): Pick<Task, 'loop' | 'loopKind' | 'loopControl'> {
  const control = given.loop_control
  const loopControl: LoopControl | undefined = control
    ? defined({
        loopVar: control.loop_var,
        indexVar: control.index_var,
        label: control.label,
        pause: control.pause,
        extended: control.extended,
        extendedAllItems: control.extended_allitems,
      })
    : undefined
  const name = loopLookups.find((lookup) => given[`with_${lookup}`] !== undefined)
  const loop = given.loop ?? (name === undefined ? undefined : given[`with_${name}`])
  const kind = given.loop !== undefined || name === undefined || name === 'list' ? 'loop' : name
  return defined({ loop, loopKind: loop === undefined ? undefined : kind, loopControl })
}

/** `with_ansible.builtin.items` is `with_items`. */
export function plainLoop(item: Vars): Vars {
  const entries = Object.entries(item).map(([key, value]): [string, Value] => {
    const [, name = ''] = /^with_(?:ansible\.(?:builtin|legacy)|community\.general)\.(\w+)$/.exec(key) ?? []
    return [(loopLookups as readonly string[]).includes(name) ? `with_${name}` : key, value]
  })
  return Object.assign(Object.create(null), Object.fromEntries(entries))
}

/** Reports loops that cannot be run. */
export function checkLoop(
  context: CompileContext,
  given: Vars,
  isStatic: boolean,
  { document, path }: Source,
): void {
  const written = ['loop', ...loopLookups.map((name) => `with_${name}`)].filter(
    (key) => given[key] !== undefined,
  )
  const [first, second] = written
  if (first === undefined) return
  const location = document.locate([...path, first])
  if (second !== undefined) {
    const message = `a task cannot have both "${first}" and "${second}"`
    context.error('two-loops', message, document.locate([...path, second], 'key'))
  }
  if (isStatic) {
    const hint = 'use include_tasks or include_role'
    context.error('unsupported-keyword', 'an import cannot loop: it happens before the run', location, hint)
  }
  const value = given[first]
  const isTemplate = typeof value === 'string' && hasTemplate(value)
  if (isTemplate || !['loop', 'with_list', 'with_dict'].includes(first)) return
  const isRight = first === 'with_dict' ? isMap(value) : Array.isArray(value)
  if (isRight) return
  const wanted = first === 'with_dict' ? 'a map' : 'a list'
  const hint = typeof value === 'string' ? `for a variable write "{{ ${value} }}"` : undefined
  context.error(
    'wrong-type',
    `"${first}" must be ${wanted} or a template, not ${describe(value)}`,
    location,
    hint,
  )
}

/** Reports topics that a task listens to. */
export function checkListen(
  context: CompileContext,
  given: Vars,
  scope: Scope,
  { document, path }: Source,
): void {
  if (given['listen'] === undefined || scope.isHandlers) return
  const location = document.locate([...path, 'listen'], 'key')
  context.error('unsupported-keyword', '"listen" is for handlers', location, 'use notify in tasks')
}
