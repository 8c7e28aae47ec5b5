import { pathToFileURL } from 'node:url'
import { controllerShell } from '../connections/local.ts'
import type { CommandResult } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../model/host-access.ts'
import type { ScriptStage } from '../model/plan.ts'
import type { Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { plainData } from '../util/json.ts'
import { sh } from '../util/sh.ts'
import { withDeadline } from './deadline.ts'
import type { Engine } from './engine.ts'
import { failureOf } from './failures.ts'
import { atTop } from './inherited.ts'
import { becomeOf, moduleContext } from './module-context.ts'
import { failedResult } from './run-item.ts'
import { type Place, taskScope, variableOf } from './scopes.ts'
import type { StageEnd } from './stage-end.ts'
import { stageTask } from './stage-task.ts'
import type { VariableScope } from './vars.ts'

/** The host on whose account a script stage is written: the script itself runs on the controller. */
const controller = 'localhost'

/** One host, as a script sees it. */
export interface ScriptHost {
  readonly name: string
  /** Variables, filled in when they are read. */
  readonly vars: Readonly<Record<string, Value>>
  /** Runs a command on the host; values are quoted. Does not throw for an exit code. */
  readonly sh: (
    strings: TemplateStringsArray,
    ...values: (string | number | readonly string[])[]
  ) => Promise<CommandResult>
}

/** What the default export of a script is given. */
export interface ScriptInput {
  /** zx on the controller. */
  readonly $: ReturnType<typeof controllerShell>
  readonly hosts: readonly ScriptHost[]
  readonly vars: Readonly<Record<string, Value>>
  /** Keeps data in the journal, for reports. */
  readonly record: (channel: string, data: Value) => void
}

/** Runs a stage that is a zx script: `export default async ({ $, hosts, vars, record }) => {…}`. */
export async function runScriptStage(
  engine: Engine,
  stage: ScriptStage,
  hosts: readonly string[],
): Promise<StageEnd> {
  const started = performance.now()
  const task = scriptTask(stage)
  const place = { stage: stage.name, host: controller, task: task.id }
  const event = { ...place, name: task.name ?? stage.script, module: 'script' }
  engine.bus.emit({ kind: 'task.started', ...event, location: stage.location })
  const finish = (result: ReturnType<typeof failedResult>): void => {
    engine.keep(place, result.outcome, result.data)
    const durationMs = Math.round(performance.now() - started)
    engine.bus.emit({
      kind: 'task.finished',
      ...event,
      outcome: result.outcome,
      durationMs,
      fingerprint: '',
      data: result.data,
    })
  }
  if (engine.options.check) {
    finish({
      outcome: { kind: 'skipped', why: 'a script cannot say what it would change' },
      data: { skipped: true, changed: false },
    })
    return { outcome: 'ok', stopsOthers: false }
  }
  try {
    await withDeadline(
      async (signal) => await (await loadScript(stage))(inputOf(engine, stage, task, hosts, signal)),
      undefined,
      engine.options.interruption,
    )
    finish({ outcome: { kind: 'changed' }, data: { changed: true } })
    return { outcome: 'ok', stopsOthers: false }
  } catch (error) {
    const failure = failureOf(scriptError(error, stage), stage.location)
    finish(failedResult(failure))
    return { outcome: 'failed', why: failure.message, stopsOthers: true }
  }
}

/** What a script throws is its author's affair, not a mistake in hvlab. */
function scriptError(error: unknown, stage: ScriptStage): FailureError {
  if (error instanceof FailureError) return error
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
  const trace = error instanceof Error ? traceInScript(error.stack ?? '', stage.script) : ''
  return new FailureError(
    {
      reason: 'module',
      code: 'script-failed',
      message: `The script ${stage.script} failed: ${message}`,
      ...(trace === '' ? {} : { details: trace }),
    },
    { cause: error },
  )
}

/** The way from the mistake back to the script; below it are only hvlab's own calls. */
function traceInScript(stack: string, script: string): string {
  const lines = stack.split('\n')
  return lines.slice(0, lines.findLastIndex((line) => line.includes(script)) + 1).join('\n')
}

type Script = (input: ScriptInput) => Promise<unknown>

async function loadScript(stage: ScriptStage): Promise<Script> {
  const url = pathToFileURL(stage.script).href
  const isTypeScript = /\.[cm]?ts$/.test(stage.script)
  // tsx is loaded only for a script that needs it.
  const loaded: unknown = isTypeScript
    ? await (await import('tsx/esm/api')).tsImport(url, import.meta.url)
    : await import(url)
  const script: unknown = Reflect.get(Object(loaded), 'default')
  if (typeof script === 'function') return script as Script
  throw new FailureError({
    reason: 'config',
    code: 'script-without-default',
    message: `The script ${stage.script} has no default export that is a function.`,
    hint: 'Write `export default async ({ $, hosts, vars, record }) => { … }`.',
    location: stage.location,
  })
}

function inputOf(
  engine: Engine,
  stage: ScriptStage,
  task: Task,
  hosts: readonly string[],
  signal: AbortSignal,
): ScriptInput {
  const where: Place = { stage, batch: hosts, alive: () => hosts }
  const scope = taskScope(engine, where, task, atTop, controller)
  return {
    $: controllerShell({ signal }),
    hosts: hosts.map((name) => {
      const own = taskScope(engine, where, task, atTop, name)
      const access = accessTo(engine, stage, task, name, own, signal)
      return {
        name,
        vars: lazyVariables(own),
        sh: async (strings, ...values) => await access.run(sh(strings, ...values), { stream: true }),
      }
    }),
    vars: lazyVariables(scope),
    record: (channel: unknown, value: unknown) => {
      if (typeof channel !== 'string' || value === undefined)
        throw new Error("record needs a name and what to record: record('greetings', { … })")
      const data = plainData(value)
      engine.bus.emit({ kind: 'recorded', stage: stage.name, host: controller, channel, data })
    },
  }
}

function accessTo(
  engine: Engine,
  stage: ScriptStage,
  task: Task,
  host: string,
  scope: VariableScope,
  signal: AbortSignal,
): HostAccess {
  const become = becomeOf(engine, host, scope, stage.become === undefined ? {} : { become: stage.become })
  const { access } = moduleContext({
    engine,
    stage: stage.name,
    host,
    target: host,
    task,
    scope,
    targetScope: scope,
    become,
    environment: {},
    check: false,
    diff: false,
    isHidden: false,
    signal,
  })
  return access
}

/** Variables as an object whose properties are filled in when they are read. */
function lazyVariables(scope: VariableScope): Readonly<Record<string, Value>> {
  const vars: Vars = Object.create(null)
  for (const name of ['inventory_hostname', 'group_names', 'groups', 'hostvars', ...scope.names()]) {
    Object.defineProperty(vars, name, { enumerable: true, get: () => variableOf(scope, name) })
  }
  return vars
}

function scriptTask(stage: ScriptStage): Task {
  const name = stage.script.split('/').at(-1) ?? stage.script
  return stageTask(stage, { id: 'script', name, module: 'script' })
}
