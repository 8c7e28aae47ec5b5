import { FailureError } from '../model/failure.ts'
import type { Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { renderValue } from '../template/jinja.ts'
import { isDictionary, newDictionary, typeName } from '../template/runtime-value.ts'
import type { VariableScope } from './vars.ts'

/** The items that a task's loop stands for. */
export function loopItems(loop: Value, kind: Task['loopKind'], scope: VariableScope): readonly Value[] {
  const value = renderValue(loop, scope)
  switch (kind) {
    case 'items':
      // `with_items` flattens one level, and takes a single value for a list of one.
      return Array.isArray(value) ? value.flat(1) : [value]
    case 'dict':
      if (!isDictionary(value)) throw notLoopable('with_dict', 'a dictionary', value)
      return Object.entries(value).map(([key, item]) =>
        newDictionary([
          ['key', key],
          ['value', item],
        ]),
      )
    default:
      if (!Array.isArray(value)) throw notLoopable('loop', 'a list', value)
      return value
  }
}

function notLoopable(keyword: string, wanted: string, value: Value): FailureError {
  const hint = isDictionary(value)
    ? 'Write `{{ … | dict2items }}` to loop over a dictionary.'
    : typeof value === 'string'
      ? 'Write `{{ … }}` around a variable.'
      : undefined
  return new FailureError({
    reason: 'module',
    code: 'loop-not-list',
    message: `${keyword} needs ${wanted}, not ${typeName(value)}.`,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** The variables that an item has inside its loop. */
export function itemVariables(task: Task, item: Value, index: number): Vars {
  const vars: Vars = Object.create(null)
  vars[task.loopControl?.loopVar ?? 'item'] = item
  const indexVariable = task.loopControl?.indexVar
  if (indexVariable !== undefined) vars[indexVariable] = index
  vars['ansible_loop_var'] = task.loopControl?.loopVar ?? 'item'
  return vars
}
