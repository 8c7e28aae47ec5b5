import type { Become, Command, CommandResult } from '../model/command.ts'
import type { Connection, PutOptions } from '../model/connection.ts'
import type { Fact } from '../model/fact.ts'
import { type Failure, FailureError } from '../model/failure.ts'
import type { HostAccess, QueryOptions } from '../model/host-access.ts'
import { defined } from '../util/defined.ts'
import type { HostState } from './host-state.ts'
import { LineSplitter } from './line-splitter.ts'
import type { Secrets } from './secrets.ts'

export interface HostReachOptions {
  readonly state: HostState
  readonly connect: () => Promise<Connection>
  readonly become: Become | undefined
  readonly environment: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly secrets: Secrets
  /** Another host than the one that the task is for: its loss fails the task, and does not make that one unreachable. */
  readonly isPeer: boolean
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void
}

/** A host as a module reaches it: the task's become, environment and deadline are applied to everything. */
export class HostReach implements HostAccess {
  readonly #options: HostReachOptions

  constructor(options: HostReachOptions) {
    this.#options = options
  }

  async run(command: Command, options: QueryOptions = {}): Promise<CommandResult> {
    const connection = await this.#connect()
    const lines = new LineSplitter(this.#options.onLine)
    const complete = this.#complete(command)
    const isWatched = options.stream === true || options.onOutput !== undefined
    try {
      return await this.#guard(
        connection.run(complete, {
          ...(options.cleanUp === true ? {} : { signal: this.#options.signal }),
          ...defined({ onSent: options.onSent }),
          ...(isWatched
            ? {
                onOutput: (stream: 'stdout' | 'stderr', text: string): void => {
                  if (options.stream === true) lines.push(stream, text)
                  options.onOutput?.(stream, text)
                },
              }
            : {}),
        }),
      )
    } finally {
      // Also of a command that was ended: it may have waited for the answer to a question, whose line has no end.
      lines.end()
    }
  }

  async fact<Args extends readonly unknown[], T>(fact: Fact<Args, T>, ...args: Args): Promise<T> {
    const { state, become } = this.#options
    const key = JSON.stringify([fact.name, args, become?.user ?? null])
    const known = state.factCache.get(key)
    if (known !== undefined) {
      try {
        return (await known) as T
      } catch (error) {
        // The deadline of the task that asked is not this one's.
        if (!isCancelled(error) || this.#options.signal.aborted) throw error
        return await this.fact(fact, ...args)
      }
    }
    const answer = this.freshFact(fact, ...args)
    state.factCache.set(key, answer)
    // A failed question is not an answer.
    answer.catch(() => {
      if (state.factCache.get(key) === answer) state.factCache.delete(key)
    })
    return await answer
  }

  async freshFact<Args extends readonly unknown[], T>(fact: Fact<Args, T>, ...args: Args): Promise<T> {
    return fact.parse(await this.run(fact.command(...args)), ...args)
  }

  async put(
    content: Uint8Array | { readonly file: string },
    path: string,
    options: PutOptions = {},
  ): Promise<void> {
    const connection = await this.#connect()
    const { become, signal } = this.#options
    await this.#guard(connection.put(content, path, { ...defined({ become }), signal, ...options }))
  }

  async get(path: string): Promise<Uint8Array> {
    const connection = await this.#connect()
    const { become, signal } = this.#options
    return await this.#guard(connection.get(path, { ...defined({ become }), signal }))
  }

  async connection(): Promise<Connection> {
    return await this.#connect()
  }

  async #connect(): Promise<Connection> {
    return await this.#guard(this.#options.connect())
  }

  async #guard<T>(work: Promise<T>): Promise<T> {
    if (!this.#options.isPeer) return await work
    try {
      return await work
    } catch (error) {
      if (!(error instanceof FailureError) || !isLoss(error.failure)) throw error
      const message = `${this.#options.state.host.name}: ${error.failure.message}`
      throw new FailureError({ ...error.failure, reason: 'module', message }, { cause: error })
    }
  }

  #complete(command: Command): Command {
    const { become, environment, secrets } = this.#options
    for (const mask of command.masks ?? []) secrets.add(mask)
    for (const part of command.parts) if (part.kind === 'quoted' && part.secret) secrets.add(part.text)
    const env = { ...environment, ...command.env }
    return {
      ...command,
      ...(command.become === undefined ? defined({ become }) : {}),
      ...(Object.keys(env).length === 0 ? {} : { env }),
    }
  }
}

function isCancelled(error: unknown): boolean {
  return error instanceof FailureError && error.failure.reason === 'cancelled'
}

function isLoss({ reason }: Failure): boolean {
  return reason === 'unreachable' || reason === 'host-key'
}
