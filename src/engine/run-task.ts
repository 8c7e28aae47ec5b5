import type { Effects } from '../model/event.ts'
import { FailureError } from '../model/failure.ts'
import type { Outcome } from '../model/result.ts'
import type { Task } from '../model/task.ts'
import type { Vars } from '../model/value.ts'
import type { Module } from '../modules/module.ts'
import { renderValue } from '../template/jinja.ts'
import { pythonText } from '../template/python-text.ts'
import { newDictionary } from '../template/runtime-value.ts'
import { defined } from '../util/defined.ts'
import { flag } from './conditions.ts'
import { applyEffects, mergeEffects } from './effects.ts'
import type { Engine } from './engine.ts'
import { cancelledFailure, censored, failureOf } from './failures.ts'
import type { Inherited } from './inherited.ts'
import { lackingModule } from './lacking-module.ts'
import type { ItemResult } from './run-item.ts'
import { failedResult, prepareItem, runItem, skippedResult } from './run-item.ts'
import { itemsOf, runLoop } from './run-loop.ts'
import type { Place } from './scopes.ts'
import { fingerprintOf, loopFingerprint } from './task-fingerprint.ts'
import { filledIn, taskLabels } from './task-labels.ts'
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
        ...taskLabels(engine, task, undefined),
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
    ...taskLabels(engine, task, shownScope(run)),
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
  if (task.lack !== undefined) return lackingModule(task.lack)
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
    ...taskLabels(run.engine, run.task, shownScope(run)),
    location: run.task.location,
  })
}

function shownScope(run: TaskRun | undefined): VariableScope | undefined {
  return run === undefined || run.isHidden ? undefined : run.scope
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

/** A changed task's handlers, by name; a name that nothing answers to fails the task. */
function withNotified(run: TaskRun, result: ItemResult, unknownHandlers: UnknownHandlers): ItemResult {
  if (result.data['changed'] !== true || run.task.notify.length === 0 || result.outcome.kind === 'failed')
    return result
  // A template may stand for several.
  const names = run.task.notify.flatMap((name) => [renderValue(name, run.scope)].flat()).map(pythonText)
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
  if (outcome.kind === 'failed' && engine.options.interruption.stopsWork()) {
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
        ['name', task.name === undefined || run === undefined ? '' : filledIn(task.name, run.scope)],
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
