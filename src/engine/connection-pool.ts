import type { ConnectionDependencies } from '../connections/open.ts'
import type { ConnectionSettings } from '../connections/settings.ts'
import { connectionSettings } from '../connections/settings.ts'
import type { Connection } from '../model/connection.ts'
import { FailureError } from '../model/failure.ts'
import type { Value } from '../model/value.ts'
import { canonicalJson } from '../util/json.ts'
import type { Secrets } from './secrets.ts'

export type OpenConnection = (
  settings: ConnectionSettings,
  dependencies: ConnectionDependencies,
) => Promise<Connection>

export interface PoolOptions {
  readonly open: OpenConnection
  readonly secrets: Secrets
  readonly signal: AbortSignal
  /** A variable of a host, for the host that `hvlab_via` names. */
  readonly hostVariable: (host: string, name: string) => Value | undefined
  readonly note: (host: string, text: string) => void
}

/** One connection a host and run, opened when first needed; another one only when a task sets other settings. */
export class ConnectionPool {
  readonly #options: PoolOptions
  readonly #open = new Map<string, { readonly host: string; readonly connection: Promise<Connection> }>()

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Throws a FailureError of reason `unreachable`, `host-key` or `config`. */
  async get(host: string, variable: (name: string) => Value | undefined): Promise<Connection> {
    return await this.#get(host, variable, [])
  }

  async #get(
    host: string,
    variable: (name: string) => Value | undefined,
    route: readonly string[],
  ): Promise<Connection> {
    const settings = connectionSettings(host, variable)
    if (settings.kind === 'ssh') {
      this.#options.secrets.add(settings.password)
      this.#options.secrets.add(settings.passphrase)
    }
    const key = canonicalJson(settings)
    const known = this.#open.get(key)
    if (known !== undefined) return await known.connection
    const connection = this.#connect(settings, [...route, host])
    this.#open.set(key, { host, connection })
    try {
      return await connection
    } catch (error) {
      // The next task may try again, e.g. wait_for_connection. After a reset the key may be another connection's.
      if (this.#open.get(key)?.connection === connection) this.#open.delete(key)
      throw error
    }
  }

  async #connect(settings: ConnectionSettings, route: readonly string[]): Promise<Connection> {
    const { open, signal, hostVariable, note } = this.#options
    const host = settings.host
    const dependencies = { signal, note: (text: string) => note(host, text) }
    if (settings.kind !== 'ssh' || settings.via === undefined) return await open(settings, dependencies)
    const via = settings.via
    if (route.includes(via)) {
      throw new FailureError({
        reason: 'config',
        code: 'via-circle',
        message: `The host ${host} is reached through itself: ${[...route, via].join(' → ')}.`,
        hint: 'Correct the variable hvlab_via.',
      })
    }
    const hop = await this.#get(via, (name) => hostVariable(via, name), route)
    return await open(settings, { ...dependencies, via: hop })
  }

  /** Closes a host's connections; the next task opens a new one. For `meta: reset_connection`. */
  async reset(host: string): Promise<void> {
    const mine = [...this.#open].filter(([, entry]) => entry.host === host)
    for (const [key] of mine) this.#open.delete(key)
    await Promise.allSettled(mine.map(async ([, { connection }]) => await (await connection).close()))
  }

  /** Closes everything; connections that go through others first. */
  async close(): Promise<void> {
    const all = [...this.#open.values()].reverse()
    this.#open.clear()
    for (const { connection } of all) {
      // A connection that never opened, or is lost already, needs no closing.
      await Promise.allSettled([connection.then(async (open) => await open.close())])
    }
  }
}
