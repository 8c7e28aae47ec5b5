import type { Effects } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import type { Outcome } from '../model/result.ts'
import type { Value, Vars } from '../model/value.ts'
import type { Module } from '../modules/module.ts'
import { renderValue } from '../template/jinja.ts'
import { newDictionary } from '../template/runtime-value.ts'
import { defined } from '../util/defined.ts'
import { sleep } from '../util/sleep.ts'
import { firstFalse, flag, isTrue, numberOf } from './conditions.ts'
import { withDeadline } from './deadline.ts'
import { driveModule } from './drive-module.ts'
import { failureOf } from './failures.ts'
import { becomeOf, environmentOf, moduleContext } from './module-context.ts'
import { parseParams, renderParams } from './prepare-params.ts'
import type { TaskRun } from './task-run.ts'
import type { VariableScope } from './vars.ts'

/** What one execution of a task gave: the whole of it, or one item of its loop. */
export interface ItemResult {
  readonly outcome: Outcome
  readonly data: Vars
  readonly effects?: Effects
}

/** What an item will do: nothing, or its module with these parameters. */
export type Prepared = { readonly skipped: string } | { readonly params: Vars; readonly content: Value }

/** Asks the task's conditions and fills its parameters in. Throws what templates and conditions throw. */
export function prepareItem(run: TaskRun, module: Module, scope: VariableScope): Prepared {
  const condition = firstFalse('when', run.task.when, scope)
  if (condition !== undefined) return { skipped: `when: ${String(condition)} is false` }
  const params = renderParams(run.task, module, scope)
  const environment = renderValue([...run.environment], scope)
  const target = run.target(scope)
  const become = becomeOf(run.engine, target, run.targetScope(scope, target), run.task)
  const user = become === undefined ? null : become.user
  return {
    params,
    content: newDictionary([
      ['target', target],
      ['params', params],
      ['environment', environment],
      ['user', user],
    ]),
  }
}

export function skippedResult(why: string): ItemResult {
  return {
    outcome: { kind: 'skipped', why },
    data: newDictionary([
      ['changed', false],
      ['skipped', true],
      ['skip_reason', 'Conditional result was False'],
    ]),
  }
}

export function failedResult(failure: Failure, data: Vars = newDictionary()): ItemResult {
  const kind = failure.reason === 'unreachable' || failure.reason === 'host-key' ? 'unreachable' : 'failed'
  const all = newDictionary([
    ['changed', false],
    ['msg', failure.message],
    ...Object.entries(data),
    [kind, true],
  ])
  return { outcome: { kind, failure }, data: all }
}

/** Runs a prepared item, again and again when `until` asks for it. */
export async function runItem(
  run: TaskRun,
  module: Module,
  scope: VariableScope,
  prepared: Prepared,
): Promise<ItemResult> {
  if ('skipped' in prepared) return skippedResult(prepared.skipped)
  const { task } = run
  const retries =
    task.until === undefined && task.retries === undefined
      ? undefined
      : numberOf('retries', task.retries, scope)
  const isRepeated = task.until !== undefined || retries !== undefined
  // As Ansible counts: `retries` come after the first attempt.
  const attempts = isRepeated ? (retries ?? 3) + 1 : 1
  const delayMs = (numberOf('delay', task.delay, scope) ?? 5) * 1000
  for (let attempt = 1; ; attempt += 1) {
    const result = await runOnce(run, module, scope, prepared.params)
    if (!isRepeated || isFinal(result)) return result
    const counted = {
      ...result,
      data: newDictionary([...Object.entries(result.data), ['attempts', attempt]]),
    }
    const missing = unmet(run, scope, counted)
    if (missing === undefined) return counted
    if (attempt >= attempts) return exhausted(run, counted, missing, attempts)
    run.emit({ kind: 'task.retry', ...run.place, left: attempts - attempt, why: missing })
    await sleep(delayMs, run.engine.options.interruption.signal)
  }
}

/** A host that is lost or a run that ends is not tried again. */
function isFinal({ outcome }: ItemResult): boolean {
  return (
    outcome.kind === 'unreachable' || (outcome.kind === 'failed' && outcome.failure.reason === 'cancelled')
  )
}

/** What is not as `until` wants it; without `until` the task must only not have failed. */
function unmet(run: TaskRun, scope: VariableScope, { data, outcome }: ItemResult): string | undefined {
  if (run.task.until === undefined) return outcome.kind === 'failed' ? outcome.failure.message : undefined
  const condition = firstFalse('until', run.task.until, resultScope(run, scope, data))
  return condition === undefined ? undefined : `until: ${String(condition)} is false`
}

function exhausted(run: TaskRun, result: ItemResult, missing: string, attempts: number): ItemResult {
  // Ansible does not count the last one.
  const data = newDictionary([...Object.entries(result.data), ['attempts', attempts - 1]])
  // What `failed_when` said decides; what is registered says that it failed, as in Ansible.
  if (run.task.failedWhen !== undefined && result.outcome.kind !== 'failed')
    return { ...result, data: newDictionary([...Object.entries(data), ['failed', true]]) }
  const failure: Failure =
    result.outcome.kind === 'failed'
      ? {
          ...result.outcome.failure,
          message: `${result.outcome.failure.message} (after ${attempts} attempts)`,
        }
      : {
          reason: 'module',
          code: 'retries-exhausted',
          message: `After ${attempts} attempts ${missing}.`,
          hint: 'Give it more with `retries:` and `delay:`.',
        }
  return failedResult(failure, data)
}

async function runOnce(
  run: TaskRun,
  module: Module,
  scope: VariableScope,
  params: Vars,
): Promise<ItemResult> {
  let result: ItemResult
  try {
    result = await execute(run, module, scope, params)
  } catch (error) {
    const failure = failureOf(error, run.task.location)
    const isModules = failure.reason === 'module' || failure.reason === 'exit-code'
    const failed = failedResult(failure)
    return isModules ? judge(run, scope, failed, false) : failed
  }
  return judge(run, scope, result, true)
}

async function execute(
  run: TaskRun,
  module: Module,
  scope: VariableScope,
  params: Vars,
): Promise<ItemResult> {
  const { engine, task } = run
  const parsed = parseParams(task, module, params)
  const target = run.target(scope)
  const targetScope = run.targetScope(scope, target)
  const timeout = numberOf('timeout', task.timeout, scope)
  const check = flag('check_mode', task.checkMode, scope) ?? engine.options.check
  const { result, changes } = await withDeadline(
    async (signal) => {
      const { context, access } = moduleContext({
        engine,
        stage: run.place.stage,
        host: run.place.host,
        target,
        task,
        scope,
        targetScope,
        become: becomeOf(engine, target, targetScope, task),
        environment: environmentOf([...run.environment].map((value) => renderValue(value, scope))),
        check,
        diff: flag('diff', task.diff, scope) ?? engine.options.diff,
        isHidden: run.isHidden,
        signal,
      })
      return await driveModule(stepsOf(module, context, parsed), {
        check,
        access,
        state: engine.inventory.state(target),
        onChange: (change, applied) =>
          run.emit({
            kind: 'task.change',
            ...run.place,
            summary: change.summary,
            ...defined({ diff: change.diff }),
            applied,
          }),
      })
    },
    timeout === undefined || timeout === 0 ? undefined : timeout * 1000,
    engine.options.interruption,
  )
  const changed = result.changed ?? changes > 0
  const data = newDictionary([...Object.entries(result.data ?? {}), ['changed', changed]])
  if (result.skipped === undefined) data['failed'] = false
  const effects = defined({ effects: result.effects })
  if (result.failed !== undefined) {
    return { ...failedResult({ location: task.location, ...result.failed }, data), ...effects }
  }
  if (result.skipped !== undefined) {
    return {
      ...skippedResult(result.skipped),
      data: newDictionary([...Object.entries(data), ['skipped', true]]),
      ...effects,
    }
  }
  const outcome: Outcome = changed ? { kind: 'changed' } : { kind: 'ok', ...defined({ why: result.why }) }
  return { outcome, data, ...effects }
}

/** The schema has parsed the parameters into what `run` takes. */
function stepsOf(module: Module, context: ModuleContext, params: unknown): ReturnType<Module['run']> {
  return module.run(context, params as never)
}

/** `changed_when` and `failed_when`: the author knows better than the module. */
function judge(run: TaskRun, scope: VariableScope, result: ItemResult, hasResult: boolean): ItemResult {
  const { changedWhen, failedWhen } = run.task
  if (result.outcome.kind === 'skipped' || (changedWhen === undefined && failedWhen === undefined))
    return result
  try {
    const data = newDictionary(Object.entries(result.data))
    let { outcome } = result
    if (changedWhen !== undefined) {
      const changed = all(run, 'changed_when', changedWhen, scope, data)
      data['changed'] = changed
      if (outcome.kind === 'ok' || outcome.kind === 'changed')
        outcome = changed ? { kind: 'changed' } : { kind: 'ok' }
    }
    if (failedWhen !== undefined) {
      const failed = all(run, 'failed_when', failedWhen, scope, data)
      data['failed'] = failed
      data['failed_when_result'] = failed
      if (!failed && outcome.kind === 'failed')
        outcome = data['changed'] === true ? { kind: 'changed' } : { kind: 'ok' }
      else if (failed && outcome.kind !== 'failed')
        outcome = { kind: 'failed', failure: failedWhenFailure(run, failedWhen) }
    }
    return { ...result, outcome, data }
  } catch (error) {
    // A module that failed before it had a result cannot be judged by that result: its own failure says more.
    return hasResult ? failedResult(failureOf(error, run.task.location), result.data) : result
  }
}

function all(
  run: TaskRun,
  keyword: string,
  conditions: readonly Value[],
  scope: VariableScope,
  data: Vars,
): boolean {
  const withResult = resultScope(run, scope, data)
  return conditions.every((condition) => isTrue(keyword, condition, withResult))
}

function resultScope(run: TaskRun, scope: VariableScope, data: Vars): VariableScope {
  return run.task.register === undefined ? scope : scope.with({ [run.task.register]: data })
}

function failedWhenFailure(run: TaskRun, conditions: readonly Value[]): Failure {
  const text = conditions.map(String).join(' and ')
  return {
    reason: 'module',
    code: 'failed-when',
    message: `failed_when: ${text} is true.`,
    location: run.task.location,
  }
}
