import { setTimeout as sleep } from 'node:timers/promises'
import type { Effects } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import { FailureError } from '../model/failure.ts'
import type { Outcome } from '../model/result.ts'
import type { Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import type { Module } from '../modules/module.ts'
import { render, renderValue } from '../template/jinja.ts'
import { pythonText } from '../template/python-text.ts'
import { newDictionary } from '../template/runtime-value.ts'
import { hasTemplate, TemplateError } from '../template/template.ts'
import { defined } from '../util/defined.ts'
import { firstFalse, flag } from './conditions.ts'
import { applyEffects, mergeEffects } from './effects.ts'
import type { Engine } from './engine.ts'
import { cancelledFailure, censored, failureOf } from './failures.ts'
import type { Inherited } from './inherited.ts'
import { locateFile } from './locate-file.ts'
import { itemVariables, loopItems } from './loop-items.ts'
import { taskFingerprint } from './resume.ts'
import type { ItemResult, Prepared } from './run-item.ts'
import { failedResult, prepareItem, runItem, skippedResult } from './run-item.ts'
import type { Place } from './scopes.ts'
import { TaskRun } from './task-run.ts'
import type { VariableScope } from './vars.ts'

export interface TaskEnd {
  readonly outcome: Outcome
  readonly data: Vars
  readonly effects: Effects
}

/** Checks names of handlers; the names that nothing answers to. */
export type UnknownHandlers = (names: readonly string[]) => readonly string[]

/**
 * Runs one task on one host, from its first event to its last. Never throws: whatever goes wrong is the task's
 * outcome.
 */
export async function runTask(
  engine: Engine,
  where: Place,
  task: Task,
  inherited: Inherited,
  host: string,
  unknownHandlers: UnknownHandlers,
): Promise<TaskEnd> {
  const started = performance.now()
  const place = { stage: where.stage.name, host, task: task.id }
  let run: TaskRun | undefined
  let result: ItemResult
  let fingerprint = ''
  let isResumed = false
  try {
    run = new TaskRun(engine, where, task, inherited, host)
    announce(run)
    const module = moduleOf(engine, task)
    const plan = prepareTask(run, module)
    fingerprint = plan.fingerprint
    const earlier = engine.earlier?.resultOf(host, task.id, task.module, fingerprint)
    if (earlier !== undefined) {
      isResumed = true
      result = {
        outcome: earlier.outcome,
        data: earlier.data ?? newDictionary(),
        ...defined({ effects: earlier.effects }),
      }
      applyEffects(engine, host, earlier.effects)
    } else {
      result = withNotified(run, await plan.execute(), unknownHandlers)
    }
  } catch (error) {
    if (run === undefined)
      engine.bus.emit({
        kind: 'task.started',
        ...place,
        ...labels(engine, task, undefined),
        location: task.location,
      })
    result = failedResult(failureOf(error, task.location))
  }
  result = finish(engine, task, inherited, host, run, result)
  register(engine, task, host, result.data)
  const isHidden = run?.isHidden ?? task.noLog !== undefined
  const outcome = isHidden ? hiddenOutcome(result.outcome) : result.outcome
  engine.keep(place, outcome, result.data)
  engine.bus.emit({
    kind: 'task.finished',
    ...place,
    ...labels(engine, task, run),
    outcome,
    durationMs: Math.round(performance.now() - started),
    fingerprint: isHidden ? '' : fingerprint,
    ...(isHidden ? {} : { data: result.data }),
    ...(isHidden ? {} : defined({ effects: result.effects })),
    ...(isResumed ? { resumed: true } : {}),
  })
  return { outcome: result.outcome, data: result.data, effects: result.effects ?? {} }
}

function moduleOf(engine: Engine, task: Task): Module {
  const module = engine.options.findModule(task.module)
  if (module !== undefined) return module
  throw new FailureError({
    reason: 'config',
    code: 'unknown-module',
    message: `There is no module "${task.module}".`,
    location: task.location,
  })
}

function announce(run: TaskRun): void {
  run.engine.bus.emit({
    kind: 'task.started',
    ...run.place,
    ...labels(run.engine, run.task, run),
    location: run.task.location,
  })
}

/** The name that people see; with `no_log` it is not filled in, because it may hold what must not be seen. */
function labels(engine: Engine, task: Task, run: TaskRun | undefined): { name: string; module: string } {
  const { module } = task
  const role = task.role === undefined ? undefined : engine.plan.roles[task.role]?.name
  const name =
    task.name === undefined
      ? module
      : run === undefined || run.isHidden
        ? task.name
        : filledIn(task.name, run.scope)
  return { name: role === undefined ? name : `${role} : ${name}`, module }
}

/** A name that cannot be filled in is shown as it was written: the task itself will say what is wrong. */
function filledIn(name: string, scope: VariableScope): string {
  if (!hasTemplate(name)) return name
  try {
    return render(name, scope)
  } catch (error) {
    if (error instanceof TemplateError) return name
    throw error
  }
}

interface TaskPlan {
  readonly fingerprint: string
  execute(): Promise<ItemResult>
}

function prepareTask(run: TaskRun, module: Module): TaskPlan {
  const items = itemsOf(run)
  if (items === undefined) {
    const prepared = prepareItem(run, module, run.scope)
    return {
      fingerprint: fingerprintOf(run, [prepared]),
      execute: async () => {
        const result = await runItem(run, module, run.scope, prepared)
        applyEffects(run.engine, run.place.host, result.effects)
        return result
      },
    }
  }
  if (typeof items === 'string') return { fingerprint: '', execute: async () => skippedResult(items) }
  return {
    fingerprint: loopFingerprint(run, module, items),
    execute: async () => await runLoop(run, module, items),
  }
}

/** The items of the task's loop; a text when its conditions are false before the loop can be read; undefined without. */
function itemsOf(run: TaskRun): readonly Value[] | string | undefined {
  const { task, scope } = run
  if (task.loop === undefined) return undefined
  try {
    return loopItems(task.loop, task.loopKind, scope)
  } catch (error) {
    // `loop: "{{ found.files }}"` with `when: found is defined`: the condition decides, as in Ansible.
    if (!(error instanceof TemplateError) || error.undefinedName === undefined) throw error
    const condition = conditionWithoutItem(run)
    if (condition === undefined) throw error
    return `when: ${String(condition)} is false`
  }
}

function conditionWithoutItem(run: TaskRun): Value | undefined {
  try {
    return firstFalse('when', run.task.when, run.scope)
  } catch {
    return undefined // It needs the item, so it says nothing about the loop as a whole.
  }
}

async function runLoop(run: TaskRun, module: Module, items: readonly Value[]): Promise<ItemResult> {
  const { engine, task } = run
  const results: ItemResult[] = []
  const data: Value[] = []
  const name = task.loopControl?.loopVar ?? 'item'
  for (const [index, item] of items.entries()) {
    const vars = itemVariables(task, item, index)
    const scope = run.scope.with(vars)
    if (index > 0 && task.loopControl?.pause !== undefined) {
      await sleep(task.loopControl.pause * 1000, undefined, { signal: engine.options.interruption.signal })
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
    data.push(newDictionary([...Object.entries(result.data), [name, item], ['ansible_loop_var', name]]))
    if (result.outcome.kind === 'unreachable' || engine.options.interruption.isInterrupted) break
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
      data: all('No items in the list', ['skipped', true]),
      effects,
    }
  }
  const [skipped] = outcomes
  if (skipped?.kind === 'skipped' && outcomes.every((outcome) => outcome.kind === 'skipped')) {
    return { outcome: skipped, data: all('All items skipped', ['skipped', true]), effects }
  }
  return {
    outcome: changed ? { kind: 'changed' } : { kind: 'ok' },
    data: all('All items completed'),
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

/** Empty when the items cannot all be known before the first has run: such a task is never taken from a journal. */
function loopFingerprint(run: TaskRun, module: Module, items: readonly Value[]): string {
  try {
    const prepared = items.map((item, index) =>
      prepareItem(run, module, run.scope.with(itemVariables(run.task, item, index))),
    )
    return fingerprintOf(run, prepared)
  } catch (error) {
    if (error instanceof TemplateError || error instanceof FailureError) return ''
    throw error
  }
}

function fingerprintOf(run: TaskRun, items: readonly Prepared[]): string {
  const content = {
    module: run.task.module,
    target: run.target,
    items: items.map((item) => ('skipped' in item ? null : item.content)),
  }
  return taskFingerprint(
    content,
    items.flatMap((item) => sourceFile(run, item)),
  )
}

/** The controller's file that a parameter `src` names: its content decides what the task does. */
function sourceFile(run: TaskRun, item: Prepared): string[] {
  const src = 'skipped' in item ? undefined : item.params['src']
  if (typeof src !== 'string') return []
  const role = run.task.role === undefined ? undefined : run.engine.plan.roles[run.task.role]?.path
  try {
    const kind = run.task.module === 'template' ? 'templates' : 'files'
    return [
      locateFile(kind, src, {
        ...defined({ role }),
        taskFile: run.task.location.file,
        pipelineFile: run.engine.plan.file,
        searchPath: run.engine.plan.searchPath,
      }),
    ]
  } catch (error) {
    if (error instanceof FailureError) return [] // A path on the host.
    throw error
  }
}

/** A changed task's handlers, by name; a name that nothing answers to fails the task. */
function withNotified(run: TaskRun, result: ItemResult, unknownHandlers: UnknownHandlers): ItemResult {
  if (result.data['changed'] !== true || run.task.notify.length === 0 || result.outcome.kind === 'failed')
    return result
  const names = run.task.notify.map((name) => render(name, run.scope))
  const [unknown] = unknownHandlers(names)
  if (unknown === undefined)
    return { ...result, effects: mergeEffects([result.effects ?? {}, { notified: names }]) }
  return failedResult(
    {
      reason: 'module',
      code: 'handler-unknown',
      message: `There is no handler "${unknown}".`,
      hint: 'A handler answers to its name and to the topics of its `listen`.',
      location: run.task.location,
    },
    result.data,
  )
}

/** `ignore_errors`, `ignore_unreachable` and rescue decide what a failure means. */
function finish(
  engine: Engine,
  task: Task,
  inherited: Inherited,
  host: string,
  run: TaskRun | undefined,
  result: ItemResult,
): ItemResult {
  const { outcome } = result
  if (engine.options.interruption.isInterrupted && outcome.kind === 'failed') {
    return { ...result, outcome: { kind: 'failed', failure: cancelledFailure() } }
  }
  try {
    if (outcome.kind === 'unreachable') {
      const ignored =
        run !== undefined && (flag('ignore_unreachable', task.ignoreUnreachable, run.scope) ?? false)
      return ignored ? { ...result, outcome: { kind: 'failed', failure: outcome.failure, ignored } } : result
    }
    if (outcome.kind !== 'failed') return result
    const ignored = run !== undefined && (flag('ignore_errors', task.ignoreErrors, run.scope) ?? false)
    if (ignored) return { ...result, outcome: { ...outcome, ignored } }
    if (!inherited.isRescuable) return result
    const state = engine.inventory.state(host)
    state.setVariable('ansible_failed_result', result.data)
    state.setVariable(
      'ansible_failed_task',
      newDictionary([
        ['name', task.name ?? task.module],
        ['action', task.module],
      ]),
    )
    return { ...result, outcome: { ...outcome, rescued: true } }
  } catch (error) {
    return failedResult(failureOf(error, task.location), result.data)
  }
}

function hiddenOutcome(outcome: Outcome): Outcome {
  if (outcome.kind === 'failed' || outcome.kind === 'unreachable') {
    return { ...outcome, failure: censored(outcome.failure) }
  }
  if (outcome.kind === 'ok') return { kind: 'ok' }
  return outcome.kind === 'skipped' ? { kind: 'skipped', why: 'hidden by no_log' } : outcome
}

function register(engine: Engine, task: Task, host: string, data: Vars): void {
  if (task.register !== undefined) engine.inventory.state(host).setVariable(task.register, data)
}
