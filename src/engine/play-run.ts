import type { PlayStage } from '../model/plan.ts'
import type { Engine } from './engine.ts'
import { Handlers } from './handlers.ts'
import type { Place } from './scopes.ts'

/** What became of hosts in a list of steps. Hosts in neither list are lost or have left the play. */
export interface Going {
  readonly going: readonly string[]
  readonly failed: readonly string[]
}

/** One batch of hosts going through a play. */
export class PlayRun {
  readonly engine: Engine
  readonly stage: PlayStage
  readonly place: Place
  readonly batch: readonly string[]
  readonly handlers: Handlers
  /** `end_batch`, `end_play`, or a broken play: nothing further starts in this batch. */
  isEnded = false
  /** `end_play`: nor in those after it. */
  isPlayEnded = false
  /** Why the whole play was given up. */
  broken: string | undefined
  /** `any_errors_fatal`: a failure that is not rescued ends the play for everybody. */
  fatal: string | undefined
  /** Keys of roles whose variables an include has made known to the play. */
  readonly shared = new Set<string>()
  /** Nothing more is forced upon a host whose handler failed. */
  readonly failedInHandlers = new Set<string>()
  readonly #roles = new Map<string, Set<string>>()
  readonly #done = new Map<string, number>()
  /** Hosts that left the play, in this batch or one before. */
  readonly #gone: Set<string>

  constructor(engine: Engine, stage: PlayStage, batch: readonly string[], gone: Set<string>) {
    this.engine = engine
    this.#gone = gone
    this.stage = stage
    this.batch = batch
    this.place = { stage, batch, alive: () => this.#playing(), shared: this.shared }
    this.handlers = new Handlers(engine, this.place, stage)
  }

  /** How many tasks the host did not skip so far. */
  done(host: string): number {
    return this.#done.get(host) ?? 0
  }

  count(host: string): void {
    this.#done.set(host, this.done(host) + 1)
  }

  /** Of a role that runs once. */
  hasRun(host: string, role: string): boolean {
    return this.#roles.get(host)?.has(role) === true
  }

  ran(host: string, role: string): void {
    const roles = this.#roles.get(host) ?? new Set()
    this.#roles.set(host, roles.add(role))
  }

  /** Asked before each further task: true when it must not start. */
  stopsWork(): boolean {
    return this.isEnded || this.engine.options.interruption.stopsWork()
  }

  /** Of the whole play, not of the batch alone: as Ansible's ansible_play_hosts. */
  #playing(): string[] {
    return this.stage.hosts.filter(
      (host) => this.engine.inventory.state(host).status === 'ok' && !this.#gone.has(host),
    )
  }

  /** `end_host`: the host leaves the play without a failure. */
  leave(host: string): void {
    this.#gone.add(host)
  }

  hasLeft(host: string): boolean {
    return this.#gone.has(host)
  }

  /** In the order of the batch. */
  inOrder(hosts: Iterable<string>): string[] {
    const wanted = new Set(hosts)
    return this.batch.filter((host) => wanted.has(host))
  }

  giveUp(why: string): void {
    this.broken ??= why
    this.isEnded = true
    this.isPlayEnded = true
  }
}
