import { FailureError } from '../model/failure.ts'
import type { Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { renderValue } from '../template/jinja.ts'
import { lookUp } from '../template/lookups.ts'
import { isDictionary, newDictionary, typeName } from '../template/runtime-value.ts'
import { TemplateError } from '../template/template.ts'
import { firstFalse } from './conditions.ts'
import type { FileKind } from './locate-file.ts'
import type { VariableScope } from './vars.ts'

/** The items of a task's loop; a text when its conditions are false before the loop can be read. */
export function itemsOrReason(task: Task, loop: Value, scope: VariableScope): readonly Value[] | string {
  try {
    return loopItems(task, loop, scope)
  } catch (error) {
    // `loop: "{{ found.files }}"` with `when: found is defined`: the condition decides, as in Ansible.
    if (!(error instanceof TemplateError) || error.undefinedName === undefined) throw error
    const condition = conditionWithoutItem(task, scope)
    if (condition === undefined) throw error
    return `when: ${String(condition)} is false`
  }
}

function conditionWithoutItem(task: Task, scope: VariableScope): Value | undefined {
  try {
    return firstFalse('when', task.when, scope)
  } catch {
    return undefined // It needs the item, so it says nothing about the loop as a whole.
  }
}

/** Where `with_first_found` looks for what the task names. */
function folderOf(module: string): FileKind {
  return module === 'template' ? 'templates' : module === 'include_vars' ? 'vars' : 'files'
}

/** Files whose name needs an undefined variable are passed over, as in Ansible. */
function definedTerms(loop: Value, scope: VariableScope): Value {
  if (!Array.isArray(loop)) return renderValue(loop, scope)
  return loop.flatMap((term) => {
    try {
      return [renderValue(term, scope)]
    } catch (error) {
      if (error instanceof TemplateError && error.undefinedName !== undefined) return []
      throw error
    }
  })
}

function loopItems(task: Task, loop: Value, scope: VariableScope): readonly Value[] {
  const kind = task.loopKind
  const value = kind === 'first_found' ? definedTerms(loop, scope) : renderValue(loop, scope)
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
      return lookUp([kind, ...(Array.isArray(value) ? value : [value])], new Map(), {
        get: (name) => scope.get(name),
        names: () => scope.names(),
        locate: (name) => scope.locate(name, kind === 'first_found' ? folderOf(task.module) : 'files'),
      })
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
