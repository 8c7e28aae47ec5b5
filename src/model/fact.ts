import type { Command, CommandResult } from './command.ts'

/**
 * What a command on a host says, parsed by a pure function. The command only reads. Cached per host until a task
 * on that host changes something.
 */
export interface Fact<Args extends readonly unknown[], T> {
  readonly name: string
  command(...args: Args): Command
  /** Pure. Receives whatever the host printed: untrusted, possibly truncated. */
  parse(result: Pick<CommandResult, 'exitCode' | 'stdout' | 'stderr'>, ...args: Args): T
}
