import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { ZodType } from 'zod'
import type { Change, ChangeResult, ModuleResult } from '../../src/model/change.ts'
import type { Command, CommandResult } from '../../src/model/command.ts'
import type { Connection } from '../../src/model/connection.ts'
import type { Fact } from '../../src/model/fact.ts'
import { FailureError } from '../../src/model/failure.ts'
import type { HostAccess } from '../../src/model/host-access.ts'
import type { ModuleContext } from '../../src/model/module-context.ts'
import type { Value, Vars } from '../../src/model/value.ts'
import type { Module } from '../../src/modules/module.ts'
import { readParams } from '../../src/modules/read-params.ts'
import { evaluate, render } from '../../src/template/jinja.ts'
import { packageRoot } from '../../src/util/package-root.ts'

/** What came of driving a module to its end. */
export interface Driven {
  readonly changes: readonly Change[]
  readonly result: ModuleResult
}

/** Drives a module as the engine does: shows changes in a check run, does them otherwise. */
export async function drive<Schema extends ZodType>(
  module: Module<Schema>,
  params: Vars,
  context: ModuleContext & { changed(): void },
  changes: Change[] = [],
): Promise<Driven> {
  const parsed = readParams(module, params)
  if (!parsed.ok)
    throw new Error(
      parsed.error.map(({ message, hint }) => (hint ? `${message} (${hint})` : message)).join('; '),
    )
  const steps = module.run(context, parsed.value)
  let step = await steps.next()
  while (!step.done) {
    changes.push(step.value)
    let outcome: ChangeResult = { applied: false }
    if (!context.check) outcome = await apply(step.value, context)
    step = await steps.next(outcome)
  }
  return { changes, result: step.value }
}

async function apply(change: Change, context: ModuleContext & { changed(): void }): Promise<ChangeResult> {
  const { action } = change
  try {
    if (typeof action === 'function') return { applied: true, value: await action() }
    if ('upload' in action) {
      await context.put(action.upload, action.path, action.options)
      return { applied: true }
    }
    const command = await context.run(action)
    if (command.exitCode !== 0 && !change.allowFailure)
      throw new Error(`${change.summary}: ${command.stderr}`)
    return { applied: true, command }
  } finally {
    context.changed()
  }
}

export interface ContextOptions {
  readonly check?: boolean
  readonly diff?: boolean
  readonly vars?: Vars
  /** Folder of files and templates on the controller. */
  readonly folder?: string
  readonly hosts?: readonly {
    readonly name: string
    readonly groups: readonly string[]
    readonly vars?: Vars
  }[]
}

/** Everything of a context that is not the host. `said` collects notes. */
export function contextAround(
  access: HostAccess,
  options: ContextOptions,
): ModuleContext & { said: string[] } {
  const said: string[] = []
  const vars = options.vars ?? {}
  const scope = (extra: Vars) => ({ get: (name: string): Value | undefined => extra[name] ?? vars[name] })
  const hosts = options.hosts ?? []
  return {
    ...access,
    host: 'testhost',
    check: options.check ?? false,
    diff: options.diff ?? false,
    signal: new AbortController().signal,
    controller: access,
    peer: () => access,
    hosts: () => hosts,
    hostVar: (host, name) => hosts.find((known) => known.name === host)?.vars?.[name],
    variable: (name) => vars[name],
    evaluate: (expression) => evaluate(expression, scope({})),
    render: (text, extra, how) =>
      render(text, scope(extra ?? {}), {
        ...(how?.trimBlocks === undefined ? {} : { trimBlocks: how.trimBlocks }),
        ...(how?.lstripBlocks === undefined ? {} : { lstripBlocks: how.lstripBlocks }),
      }),
    locate(_kind, name) {
      const path = isAbsolute(name) ? name : join(options.folder ?? '/nonexistent', name)
      if (existsSync(path)) return path
      throw new FailureError({ reason: 'module', code: 'source-missing', message: `${name} was not found` })
    },
    searchPath: [packageRoot],
    output: () => undefined,
    progress: () => undefined,
    note: (_level, text) => {
      said.push(text)
    },
    record: () => undefined,
    artifact: () => undefined,
    summary: () => undefined,
    pipelineFolder: options.folder ?? '/nonexistent',
    runDirectory: '/nonexistent',
    runId: 'test',
    said,
  }
}

/** A context on a real host, with facts asked afresh after every change. */
export function contextOn(
  connection: Connection,
  options: ContextOptions,
): ModuleContext & { changed(): void; said: string[] } {
  const cache = new Map<string, Promise<unknown>>()
  const run = (command: Command): Promise<CommandResult> => connection.run(command)
  const fresh = async <Args extends readonly unknown[], T>(fact: Fact<Args, T>, ...args: Args): Promise<T> =>
    fact.parse(await run(fact.command(...args)), ...args)
  const access: HostAccess = {
    run,
    freshFact: fresh,
    async fact(fact, ...args) {
      const key = JSON.stringify([fact.name, args])
      const answer = cache.get(key) ?? fresh(fact, ...args)
      cache.set(key, answer)
      return (await answer) as ReturnType<typeof fact.parse>
    },
    put: (content, path, put) => connection.put(content, path, put),
    get: (path) => connection.get(path),
    connection: async () => connection,
  }
  return { ...contextAround(access, options), changed: () => cache.clear() }
}
