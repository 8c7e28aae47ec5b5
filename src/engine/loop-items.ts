import { FailureError } from '../model/failure.ts'
import type { Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { renderValue } from '../template/jinja.ts'
import { lookUp } from '../template/lookups.ts'
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
    case undefined:
    case 'loop':
      if (!Array.isArray(value)) throw notLoopable('loop', 'a list', value)
      return value
    default:
      return lookUp([kind, ...(Array.isArray(value) ? value : [value])], new Map(), scope)
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
export function itemVariables(task: Task, items: readonly Value[], index: number): Vars {
  const { loopVar = 'item', indexVar, extended } = task.loopControl ?? {}
  const vars: Vars = Object.create(null)
  vars[loopVar] = items[index] ?? null
  vars['ansible_loop_var'] = loopVar
  if (indexVar !== undefined) {
    vars[indexVar] = index
    vars['ansible_index_var'] = indexVar
  }
  if (extended) vars['ansible_loop'] = loopPosition(items, index, task.loopControl?.extendedAllItems ?? true)
  return vars
}

/** `ansible_loop`. The first item has no `previtem`, the last no `nextitem`. */
function loopPosition(items: readonly Value[], index: number, hasAllItems: boolean): Vars {
  const { length } = items
  const position = newDictionary([
    ['index', index + 1],
    ['index0', index],
    ['first', index === 0],
    ['last', index === length - 1],
    ['length', length],
    ['revindex', length - index],
    ['revindex0', length - index - 1],
  ])
  if (hasAllItems) position['allitems'] = [...items]
  if (index > 0) position['previtem'] = items[index - 1] ?? null
  if (index < length - 1) position['nextitem'] = items[index + 1] ?? null
  return position
}
