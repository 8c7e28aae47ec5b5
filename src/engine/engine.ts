import { openConnection } from '../connections/open.ts'
import type { SummaryTable } from '../model/event.ts'
import type { Plan } from '../model/plan.ts'
import type { Outcome, TaskResult } from '../model/result.ts'
import type { Value, Vars } from '../model/value.ts'
import { type Limit, limitOf } from '../util/limit.ts'
import { Bus } from './bus.ts'
import { ConnectionPool } from './connection-pool.ts'
import { Journal } from './journal.ts'
import { Recap } from './recap.ts'
import type { EarlierRun } from './resume.ts'
import { RunInventory } from './run-inventory.ts'
import type { FailureRecord, RunOptions } from './run-options.ts'
import { hostScope } from './scopes.ts'
import { Secrets } from './secrets.ts'

/** What all stages of one run share. */
export class Engine {
  readonly plan: Plan
  readonly options: RunOptions
  readonly secrets = new Secrets()
  readonly bus: Bus
  readonly inventory: RunInventory
  readonly pool: ConnectionPool
  readonly limit: Limit
  readonly recap = new Recap()
  readonly results = new Map<string, Map<string, TaskResult>>()
  readonly failures: FailureRecord[] = []
  readonly artifacts: string[] = []
  readonly earlier: EarlierRun | undefined
  summary: SummaryTable | undefined

  constructor(plan: Plan, options: RunOptions, earlier: EarlierRun | undefined) {
    this.plan = plan
    this.options = options
    this.earlier = earlier
    for (const secret of options.secrets ?? []) this.secrets.add(secret)
    const journal = options.runDirectory === null ? null : Journal.open(options.runDirectory)
    this.bus = new Bus(this.secrets, journal, options.emit)
    this.inventory = new RunInventory(plan.inventory)
    this.limit = limitOf(options.forks)
    this.pool = new ConnectionPool({
      open: options.openConnection ?? openConnection,
      secrets: this.secrets,
      signal: options.interruption.signal,
      hostVariable: (host, name) => this.hostVariable(host, name),
      note: (host, text) => this.bus.emit({ kind: 'note', level: 'info', text, host }),
    })
  }

  /** A variable of a host outside any task, filled in. */
  hostVariable(host: string, name: string): Value | undefined {
    const value = hostScope(this, host).get(name)
    return value as Value | undefined
  }

  /** Keeps a task's result for the recap, the outcome of the run and its failures. */
  keep(
    place: { host: string; stage: string; task: string },
    outcome: Outcome,
    data: Vars,
    isCounted = true,
  ): void {
    // What an interruption cut off neither failed nor succeeded.
    if (outcome.kind === 'failed' && outcome.failure.reason === 'cancelled') return
    if (isCounted) this.recap.count(place.host, outcome, data['changed'] === true)
    const ofHost = this.results.get(place.host) ?? new Map<string, TaskResult>()
    ofHost.set(place.task, { outcome, data })
    this.results.set(place.host, ofHost)
    const isFailure = outcome.kind === 'failed' && !outcome.ignored && !outcome.rescued
    if (isFailure || outcome.kind === 'unreachable')
      this.failures.push({ ...place, failure: outcome.failure })
  }
}
