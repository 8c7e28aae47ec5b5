import type { Command, CommandResult } from './command.ts'
import type { Connection, PutOptions } from './connection.ts'
import type { Fact } from './fact.ts'

export interface QueryOptions {
  /** Shows each line of output while the command runs. */
  readonly stream?: boolean
  /** Raw chunks while the command runs: for modules that read progress out of a tool's output. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void
  /** How much of the command's `stdin` was handed to the connection so far. */
  readonly onSent?: (doneBytes: number) => void
  /** Runs although the run was interrupted: for taking away what the module made. Must be short. */
  readonly cleanUp?: boolean
}

export interface HostAccess {
  /** Runs a query; does not count as a change and runs in check mode too. Never throws for an exit code. */
  run(command: Command, options?: QueryOptions): Promise<CommandResult>
  /** Reads a fact, cached until something on the host changes. */
  fact<Args extends readonly unknown[], T>(fact: Fact<Args, T>, ...args: Args): Promise<T>
  /** Same, always asked afresh. */
  freshFact<Args extends readonly unknown[], T>(fact: Fact<Args, T>, ...args: Args): Promise<T>
  put(content: Uint8Array | { readonly file: string }, path: string, options?: PutOptions): Promise<void>
  get(path: string): Promise<Uint8Array>
  /** For streams and forwards. */
  connection(): Promise<Connection>
}
