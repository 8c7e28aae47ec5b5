import type { Runtime } from './runtime-value.ts'

/** Names as an expression sees them: loop variables and macros before the scope's. */
export interface Names {
  lookup(name: string): Runtime
}

/** A filter's or function's view of the template that calls it. */
export interface CallContext {
  readonly names: Names
  /** Runs another filter or test by name: `map('upper')`, `select('match', '^a')`. */
  filter(
    name: string,
    input: Runtime,
    positional: readonly Runtime[],
    named: ReadonlyMap<string, Runtime>,
  ): Runtime
  test(
    name: string,
    input: Runtime,
    positional: readonly Runtime[],
    named: ReadonlyMap<string, Runtime>,
  ): boolean
  attribute(value: Runtime, path: string): Runtime
}
