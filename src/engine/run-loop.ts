import type { Failure } from '../model/failure.ts'
import type { Value, Vars } from '../model/value.ts'
import type { Module } from '../modules/module.ts'
import { renderValue } from '../template/jinja.ts'
import { pythonText } from '../template/python-text.ts'
import { newDictionary } from '../template/runtime-value.ts'
import { TemplateError } from '../template/template.ts'
import { sleep } from '../util/sleep.ts'
import { applyEffects, mergeEffects } from './effects.ts'
import { failureOf } from './failures.ts'
import { itemsOrReason, itemVariables } from './loop-items.ts'
import { failedResult, type ItemResult, prepareItem, runItem } from './run-item.ts'
import type { TaskRun } from './task-run.ts'
import type { VariableScope } from './vars.ts'

/** The items of the task's loop; a text when its conditions are false before the loop can be read; undefined without. */
export function itemsOf(run: TaskRun): readonly Value[] | string | undefined {
  const { task, scope } = run
  if (task.loop === undefined) return undefined
  return itemsOrReason(task, task.loop, scope)
}

/** Runs a task once for every item, one after the other, and makes one result of all. */
export async function runLoop(run: TaskRun, module: Module, items: readonly Value[]): Promise<ItemResult> {
  const { engine, task } = run
  const results: ItemResult[] = []
  const data: Value[] = []
  for (const [index, item] of items.entries()) {
    const vars = itemVariables(task, items, index)
    const scope = run.scope.with(vars)
    if (index > 0 && task.loopControl?.pause !== undefined) {
      await sleep(task.loopControl.pause * 1000, engine.options.interruption.signal)
    }
    let result: ItemResult
    try {
      result = await runItem(run, module, scope, prepareItem(run, module, scope))
    } catch (error) {
      result = failedResult(failureOf(error, task.location))
    }
    applyEffects(engine, run.place.host, result.effects)
    run.emit({ kind: 'task.item', ...run.place, label: labelOf(run, scope, item), outcome: result.outcome })
    results.push(result)
    data.push(newDictionary([...Object.entries(result.data), ...Object.entries(vars)]))
    if (result.outcome.kind === 'unreachable') break
    if (index + 1 < items.length && engine.options.interruption.stopsWork()) break
  }
  return loopResult(results, data)
}

function loopResult(results: readonly ItemResult[], data: readonly Value[]): ItemResult {
  const outcomes = results.map(({ outcome }) => outcome)
  const lost = outcomes.find((outcome) => outcome.kind === 'unreachable')
  const failures = outcomes.filter((outcome) => outcome.kind === 'failed')
  const changed = results.some((result) => result.data['changed'] === true)
  const all = (message: string, ...more: [string, Value][]): Vars =>
    newDictionary([['results', [...data]], ['changed', changed], ['msg', message], ...more])
  const effects = mergeEffects(results.map((result) => result.effects ?? {}))
  if (lost !== undefined) {
    return { outcome: lost, data: all('The host was lost', ['unreachable', true]), effects }
  }
  const [first] = failures
  if (first !== undefined) {
    const failure: Failure =
      failures.length === 1 || first.failure.reason === 'cancelled'
        ? first.failure
        : {
            ...first.failure,
            message: `${first.failure.message} (and ${failures.length - 1} more items failed)`,
          }
    return {
      outcome: { kind: 'failed', failure },
      data: all('One or more items failed', ['failed', true]),
      effects,
    }
  }
  if (results.length === 0) {
    return {
      outcome: { kind: 'skipped', why: 'the loop has no items' },
      data: newDictionary([
        ['changed', false],
        ['skipped', true],
        ['skipped_reason', 'No items in the list'],
        ['results', []],
      ]),
      effects,
    }
  }
  const [skipped] = outcomes
  if (skipped?.kind === 'skipped' && outcomes.every((outcome) => outcome.kind === 'skipped')) {
    return { outcome: skipped, data: all('All items skipped', ['skipped', true]), effects }
  }
  // An item that was tried in vain, and that `failed_when` forgives.
  const isForgiven = results.some((result) => result.data['failed'] === true)
  return {
    outcome: changed ? { kind: 'changed' } : { kind: 'ok' },
    data: isForgiven
      ? all('One or more items failed', ['failed', true], ['skipped', false])
      : all('All items completed', ['skipped', false]),
    effects,
  }
}

function labelOf(run: TaskRun, scope: VariableScope, item: Value): string {
  const { loopControl } = run.task
  if (loopControl?.label === undefined) return pythonText(item)
  try {
    return pythonText(renderValue(loopControl.label, scope))
  } catch (error) {
    if (error instanceof TemplateError) return pythonText(loopControl.label)
    throw error
  }
}
