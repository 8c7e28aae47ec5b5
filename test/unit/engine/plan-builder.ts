import { z } from 'zod'
import type { OpenConnection } from '../../../src/engine/connection-pool.ts'
import { Interruption } from '../../../src/engine/interruption.ts'
import { runPlan } from '../../../src/engine/run.ts'
import type { RunOptions, RunOutcome } from '../../../src/engine/run-options.ts'
import { defineFact } from '../../../src/facts/fact.ts'
import type { ChangeResult } from '../../../src/model/change.ts'
import type { Command, CommandResult } from '../../../src/model/command.ts'
import type { Connection, RunOptions as ConnectionRunOptions } from '../../../src/model/connection.ts'
import type { Event } from '../../../src/model/event.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { Group, Host, Inventory } from '../../../src/model/host.ts'
import type { Plan, PlayStage, Role, Stage } from '../../../src/model/plan.ts'
import type { Block, Step, Task } from '../../../src/model/task.ts'
import type { Value, Vars } from '../../../src/model/value.ts'
import type { Module } from '../../../src/modules/module.ts'
import { defineModule } from '../../../src/modules/module.ts'
import { defineQuery } from '../../../src/modules/query.ts'
import { type Deferred, deferred } from '../../../src/util/deferred.ts'
import { renderCommand, sh } from '../../../src/util/sh.ts'

const location = { file: '/lab/pipelines/test.yml', line: 1, column: 1 }
const keywords = { when: [], tags: [], vars: {}, notify: [], listen: [], location }

export function task(id: string, module: string, params: Vars | string = {}, more: Partial<Task> = {}): Task {
  return { kind: 'task', id, module, params, ...keywords, ...more }
}

export function block(id: string, parts: Partial<Block>): Block {
  return {
    kind: 'block',
    id,
    when: [],
    tags: [],
    vars: {},
    location,
    block: [],
    rescue: [],
    always: [],
    ...parts,
  }
}

export function play(
  name: string,
  hosts: readonly string[],
  steps: readonly Step[],
  more: Partial<PlayStage> = {},
): PlayStage {
  return {
    kind: 'play',
    name,
    needs: [],
    pattern: hosts.join(','),
    hosts,
    location,
    vars: {},
    gatherFacts: false,
    strategy: 'linear',
    serial: [],
    anyErrorsFatal: false,
    forceHandlers: false,
    steps,
    handlers: [],
    ...more,
  }
}

export interface PlanParts {
  readonly stages: readonly Stage[]
  readonly hosts?: Readonly<Record<string, Vars>>
  readonly groups?: Readonly<Record<string, readonly string[]>>
  readonly roles?: Readonly<Record<string, Role>>
  readonly includes?: Readonly<Record<string, readonly Step[]>>
  readonly defaults?: Vars
  readonly extraVars?: Vars
}

export function planOf(parts: PlanParts): Plan {
  const names = new Set([...Object.keys(parts.hosts ?? {}), ...parts.stages.flatMap(({ hosts }) => hosts)])
  const groups = new Map<string, Group>([
    ['all', { name: 'all', hosts: [...names], children: [], vars: {}, depth: 0 }],
  ])
  for (const [name, hosts] of Object.entries(parts.groups ?? {})) {
    groups.set(name, { name, hosts, children: [], vars: {}, depth: 1 })
  }
  const hosts = new Map<string, Host>()
  for (const name of names) {
    const mine = [...groups.values()].filter((group) => group.hosts.includes(name)).map((group) => group.name)
    hosts.set(name, { name, groups: mine, vars: { ansible_connection: 'local', ...parts.hosts?.[name] } })
  }
  return {
    name: 'test',
    file: location.file,
    searchPath: ['/lab'],
    inventory: { hosts, groups, sources: ['/lab/inventory/hosts.yml'] },
    stages: parts.stages,
    roles: parts.roles ?? {},
    includes: parts.includes ?? {},
    defaults: parts.defaults ?? {},
    extraVars: parts.extraVars ?? {},
    fingerprint: 'plan-1',
  }
}

/** A command that a test answers: concurrency is decided by the test, never by time. */
export interface PuppetCall {
  readonly host: string
  readonly text: string
  readonly command: Command
  readonly signal: AbortSignal | undefined
  answer(stdout: string, exitCode?: number): void
  fail(error: unknown): void
}

/** Connections whose commands wait for the test, or are answered by a function. */
export class Puppets {
  readonly calls: PuppetCall[] = []
  readonly opened: string[] = []
  readonly #waiting: {
    readonly test: (call: PuppetCall) => boolean
    readonly found: Deferred<PuppetCall>
  }[] = []
  readonly #reply: ((host: string, text: string) => string | number | FailureError | undefined) | undefined

  constructor(reply?: (host: string, text: string) => string | number | FailureError | undefined) {
    this.#reply = reply
  }

  /** The next call that was not answered yet and fits, also if it is still to come. */
  async next(host: string, text: string): Promise<PuppetCall> {
    const test = (call: PuppetCall): boolean => call.host === host && call.text === text
    const index = this.calls.findIndex(test)
    const known = this.calls[index]
    if (known !== undefined) {
      this.calls.splice(index, 1)
      return known
    }
    const found = deferred<PuppetCall>()
    this.#waiting.push({ test, found })
    return await found.promise
  }

  readonly open: OpenConnection = async ({ host }) => {
    this.opened.push(host)
    const failure = this.#reply?.(host, 'open')
    if (failure instanceof FailureError) throw failure
    const unused = async (): Promise<never> => {
      throw new Error('not used in this test')
    }
    const connection: Connection = {
      description: `puppet ${host}`,
      run: async (command, options = {}) => await this.#run(host, command, options),
      put: async () => {},
      get: unused,
      forward: unused,
      renew: async () => {},
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }
    return connection
  }

  async #run(
    host: string,
    command: Command,
    { signal, onOutput }: ConnectionRunOptions,
  ): Promise<CommandResult> {
    const text = renderCommand(command)
    const reply = this.#reply?.(host, text)
    if (reply instanceof FailureError) throw reply
    if (typeof reply === 'string' && reply !== '') onOutput?.('stdout', reply)
    if (reply !== undefined)
      return resultOf(typeof reply === 'string' ? reply : '', typeof reply === 'number' ? reply : 0)
    const answer = deferred<CommandResult>()
    signal?.addEventListener('abort', () => {
      answer.reject(new FailureError({ reason: 'cancelled', code: 'cancelled', message: 'cancelled' }))
    })
    const call: PuppetCall = {
      host,
      text,
      command,
      signal,
      answer: (stdout, exitCode = 0) => answer.resolve(resultOf(stdout, exitCode)),
      fail: (error) => answer.reject(error),
    }
    const index = this.#waiting.findIndex(({ test }) => test(call))
    const [waiter] = index === -1 ? [] : this.#waiting.splice(index, 1)
    if (waiter === undefined) this.calls.push(call)
    else waiter.found.resolve(call)
    return await answer.promise
  }
}

function resultOf(stdout: string, exitCode: number): CommandResult {
  return { stdout, stderr: '', exitCode, durationMs: 1, truncated: false }
}

/** Runs a command that counts as a change. */
const act = defineModule({
  name: 'act',
  doc: 'Test.',
  params: z.strictObject({ cmd: z.string() }),
  async *run(_context, { cmd }) {
    const applied: ChangeResult = yield { summary: `act ${cmd}`, action: sh`${cmd}` }
    return { data: { stdout: applied.command?.stdout ?? '' } }
  },
})

/** Runs a command that is only a question. */
const ask = defineQuery({
  name: 'ask',
  doc: 'Test.',
  params: z.strictObject({ cmd: z.string() }),
  async answer(context, { cmd }) {
    const { stdout, exitCode } = await context.run(sh`${cmd}`)
    return { data: { stdout, rc: exitCode }, why: 'only asked' }
  },
})

/** Reads a fact, and changes something when it is told to. */
const look = defineModule({
  name: 'look',
  doc: 'Test.',
  params: z.strictObject({ changes: z.boolean().default(false) }),
  async *run(context, { changes }) {
    const seen = await context.fact(seenFact, 'x')
    if (changes) yield { summary: 'change', action: async () => undefined }
    return { data: { seen }, why: 'only looked' }
  },
})

const seenFact = defineFact({
  name: 'seen',
  command: (what: string) => sh`look ${what}`,
  parse: ({ stdout }) => stdout,
})

/** Gives its parameters back as data. */
const echo = defineQuery({
  name: 'echo',
  doc: 'Test.',
  params: z.looseObject({}),
  answer(_context, params) {
    return { data: { ...(params as Vars) }, why: 'nothing to do' }
  },
})

const change = defineModule({
  name: 'change',
  doc: 'Test.',
  params: z.strictObject({ times: z.number().default(1) }),
  async *run(_context, { times }) {
    for (let index = 0; index < times; index += 1)
      yield { summary: `change ${index}`, action: async () => index }
    return {}
  },
})

const fail = defineQuery({
  name: 'fail',
  doc: 'Test.',
  params: z.strictObject({ msg: z.string().default('Failed as requested') }),
  answer(_context, { msg }) {
    return { failed: { reason: 'module', code: 'asked-to-fail', message: msg } }
  },
})

const setFact = defineQuery({
  name: 'set_fact',
  doc: 'Test.',
  params: z.looseObject({}),
  answer(_context, params) {
    return { effects: { vars: params as Vars }, why: 'variables only' }
  },
})

/** Gives what a host reports about itself. */
const setup = defineQuery({
  name: 'setup',
  doc: 'Test.',
  params: z.looseObject({}),
  answer(context) {
    const given = (context.variable('test_facts') ?? { os: 'debian' }) as Vars
    const named = Object.entries(given).map(([name, value]) => [
      name.startsWith('ansible_') ? name : `ansible_${name}`,
      value,
    ])
    return { effects: { facts: Object.fromEntries(named) as Vars }, why: 'only asked' }
  },
})

const addHost = defineQuery({
  name: 'add_host',
  doc: 'Test.',
  params: z.strictObject({
    name: z.string(),
    groups: z.array(z.string()),
    vars: z.record(z.string(), z.json()),
  }),
  answer(_context, { name, groups, vars }) {
    return { effects: { hosts: [{ name, groups, vars: vars as Vars }] }, changed: true }
  },
})

const includeVars = defineQuery({
  name: 'include_vars',
  doc: 'Test.',
  rawParams: ['t'],
  params: z.looseObject({}),
  answer(_context, params) {
    return { effects: { included: params as Vars }, why: 'variables only' }
  },
})
export const testModules: readonly Module[] = [
  act,
  ask,
  look,
  echo,
  change,
  fail,
  setFact,
  includeVars,
  setup,
  addHost,
] as readonly Module[]

export interface Ran {
  readonly outcome: RunOutcome
  readonly events: readonly Event[]
}

export function optionsOf(events: Event[], more: Partial<RunOptions> = {}): RunOptions {
  return {
    runId: 'run-1',
    runDirectory: null,
    version: '0.0.0',
    check: false,
    diff: false,
    forks: 50,
    verbosity: 0,
    emit: (event) => events.push(event),
    findModule: (name) => testModules.find((module) => module.name === name),
    matchHosts: patternHosts,
    interruption: new Interruption(),
    openConnection: new Puppets(() => '').open,
    ...more,
  }
}

/** Names of hosts and groups between commas: enough of the pattern language for these tests. */
function patternHosts(inventory: Inventory, pattern: string): string[] {
  const terms = pattern.split(',')
  return [...inventory.hosts.values()]
    .filter(({ name, groups }) => terms.some((term) => term === name || groups.includes(term)))
    .map(({ name }) => name)
}

export async function run(parts: PlanParts, more: Partial<RunOptions> = {}): Promise<Ran> {
  const events: Event[] = []
  const outcome = await runPlan(planOf(parts), optionsOf(events, more))
  return { outcome, events }
}

/** The story of a run in short lines: which task ended how on which host. */
export function story(events: readonly Event[]): string[] {
  return events.flatMap((event) => {
    if (event.kind !== 'task.finished') return []
    const { outcome } = event
    const word =
      outcome.kind === 'failed'
        ? outcome.ignored
          ? 'ignored'
          : outcome.rescued
            ? 'rescued'
            : 'failed'
        : outcome.kind
    return [`${event.host} ${event.task} ${word}`]
  })
}

/** The registered data of a task on a host. */
export function dataOf({ outcome }: Ran, host: string, id: string): Vars {
  return outcome.results.get(host)?.get(id)?.data ?? {}
}

export function failureOf(
  { outcome }: Ran,
  host: string,
  id: string,
): { code: string; message: string; hint?: string } | undefined {
  const result = outcome.results.get(host)?.get(id)?.outcome
  return result?.kind === 'failed' || result?.kind === 'unreachable' ? result.failure : undefined
}

/** `ok changed unreachable failed skipped rescued ignored`, as the recap prints them. */
export function counts({ outcome }: Ran, host: string): string {
  const recap = outcome.recap[host]
  if (recap === undefined) return 'none'
  const { ok, changed, unreachable, failed, skipped, rescued, ignored } = recap
  return [ok, changed, unreachable, failed, skipped, rescued, ignored].join(' ')
}

export type { Value }
