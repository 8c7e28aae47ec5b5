import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { becomeSettings } from '../connections/settings.ts'
import type { Become } from '../model/command.ts'
import type { Connection } from '../model/connection.ts'
import type { EventBody } from '../model/event.ts'
import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../model/host-access.ts'
import type { ModuleContext, RenderOptions } from '../model/module-context.ts'
import type { Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { evaluate, render } from '../template/jinja.ts'
import { pythonText } from '../template/python-text.ts'
import { TemplateError } from '../template/template.ts'
import { defined } from '../util/defined.ts'
import { flag } from './conditions.ts'
import type { Engine } from './engine.ts'
import { HostReach } from './host-reach.ts'
import { locateFile, placesOf } from './locate-file.ts'
import { hostScope, variableOf } from './scopes.ts'
import type { VariableScope } from './vars.ts'

export interface ContextOptions {
  readonly engine: Engine
  readonly stage: string
  /** The host that the task is for, and the one that it runs on when delegated. */
  readonly host: string
  readonly target: string
  readonly task: Task
  readonly scope: VariableScope
  /** Variables of the target for its connection and become. */
  readonly targetScope: VariableScope
  readonly become: Become | undefined
  readonly environment: Readonly<Record<string, string>>
  readonly check: boolean
  readonly diff: boolean
  readonly isHidden: boolean
  readonly signal: AbortSignal
}

/** What a module may reach, for one execution of a task. */
export function moduleContext(options: ContextOptions): { context: ModuleContext; access: HostAccess } {
  const { engine, task, scope, host, target, signal } = options
  const place = { stage: options.stage, host, task: task.id }
  /** A task with `no_log` says nothing on its way. */
  const emit = (event: EventBody): void => {
    if (!options.isHidden) engine.bus.emit(event)
  }
  const reach = (name: string, from: VariableScope, become: Become | undefined): HostAccess =>
    new HostReach({
      state: engine.inventory.state(name),
      connect: async () => await connect(engine, name, from),
      become,
      environment: name === target ? options.environment : {},
      signal,
      secrets: engine.secrets,
      isPeer: name !== target,
      onLine: (stream, line) => emit({ kind: 'task.output', ...place, stream, line }),
    })
  const access = reach(target, options.targetScope, options.become)
  const context: ModuleContext = {
    host,
    check: options.check,
    diff: options.diff,
    signal,
    run: async (command, query) => await access.run(command, query),
    fact: async (fact, ...args) => await access.fact(fact, ...args),
    freshFact: async (fact, ...args) => await access.freshFact(fact, ...args),
    put: async (content, path, put) => await access.put(content, path, put),
    get: async (path) => await access.get(path),
    connection: async () => await access.connection(),
    peer: (name) => {
      if (!engine.inventory.has(name) && name !== 'localhost') throw unknownHost(name)
      const own = hostScope(engine, name)
      return reach(name, own, becomeOf(engine, name, own, {}))
    },
    controller: reach('localhost', hostScope(engine, 'localhost'), undefined),
    hosts: () => engine.inventory.hosts().map(({ name, groups }) => ({ name, groups })),
    hostVar: (name, variable) => variableOf(hostScope(engine, name), variable),
    variable: (name) => variableOf(scope, name),
    evaluate: (expression) => evaluate(expression, scope),
    render: (text, extra, how) => renderText(text, extra === undefined ? scope : scope.with(extra), how),
    locate: (kind, name) => locateFile(kind, name, placesOf(engine.plan, task)),
    searchPath: engine.plan.searchPath,
    output: (stream, line) => emit({ kind: 'task.output', ...place, stream, line }),
    progress: (progress) => emit({ kind: 'task.progress', ...place, ...progress }),
    note: (level, text) => emit({ kind: 'note', level, text, ...place }),
    record: (channel, data) => emit({ kind: 'recorded', stage: options.stage, host, channel, data }),
    artifact: (path) => {
      if (!engine.artifacts.includes(path)) engine.artifacts.push(path)
    },
    summary: (table) => {
      engine.summary = table
    },
    pipelineFolder: dirname(engine.plan.file),
    runDirectory: engine.options.runDirectory ?? join(tmpdir(), `hvlab-${engine.options.runId}`),
    runId: engine.options.runId,
  }
  return { context, access }
}

async function connect(engine: Engine, host: string, scope: VariableScope): Promise<Connection> {
  return await engine.pool.get(host, (name) => variableOf(scope, name))
}

/** Become of a task on a host; variables win over keywords, as in Ansible. Its password is a secret from now on. */
export function becomeOf(
  engine: Engine,
  host: string,
  scope: VariableScope,
  keywords: Pick<Task, 'become' | 'becomeUser' | 'becomeMethod'>,
): Become | undefined {
  const become = becomeSettings(
    host,
    (name) => variableOf(scope, name),
    defined({
      become: flag('become', keywords.become, scope),
      user: keywords.becomeUser === undefined ? undefined : render(keywords.becomeUser, scope),
      method: keywords.becomeMethod === undefined ? undefined : render(keywords.becomeMethod, scope),
    }),
  )
  engine.secrets.add(become?.password)
  return become
}

function renderText(text: string, scope: VariableScope, options: RenderOptions = {}): string {
  try {
    return render(
      text,
      scope,
      defined({ trimBlocks: options.trimBlocks, lstripBlocks: options.lstripBlocks }),
    )
  } catch (error) {
    if (!(error instanceof TemplateError) || options.file === undefined) throw error
    const isUndefined = error.undefinedName !== undefined
    throw new FailureError(
      {
        reason: 'module',
        code: isUndefined ? 'variable-undefined' : 'template-error',
        message: `The template cannot be filled in: ${error.message}`,
        location: { file: options.file, line: error.line ?? 1, column: 1 },
      },
      { cause: error },
    )
  }
}

function unknownHost(name: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'host-unknown',
    message: `There is no host "${name}" in the inventory.`,
  })
}

/** Environment of a task: those of play, blocks and task, the later ones win. */
export function environmentOf(values: readonly Value[]): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const value of values.flat()) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue
    for (const [name, text] of Object.entries(value as Vars))
      environment[name] = text === null ? '' : pythonText(text)
  }
  return environment
}
