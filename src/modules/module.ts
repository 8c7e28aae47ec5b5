import type { ZodType, z } from 'zod'
import type { Connection, PutOptions } from '../connections/connection.ts'
import type { Fact } from '../facts/fact.ts'
import type { Command, CommandResult } from '../model/command.ts'
import type { Effects, SummaryTable, TaskProgress } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import type { Diff } from '../model/result.ts'
import type { Value, Vars } from '../model/value.ts'

/**
 * A module declares what should be true on a host. `run` reads facts when it runs, yields each change it wants and
 * returns; the engine shows changes in check mode and executes them as they are yielded otherwise. Yielding nothing
 * means that nothing had to be done, and then `why` says so.
 */
export interface Module<Schema extends ZodType = ZodType> {
  readonly name: string
  /** Ansible's other names for it, e.g. `package` for `apt`; `ansible.builtin.` is stripped before look-up. */
  readonly aliases?: readonly string[]
  /** First sentence is the summary in docs/modules.md. */
  readonly doc: string
  /** A strict object; unknown parameters are errors. Descriptions of the fields go to the docs. */
  readonly params: Schema
  /** Parameters of Ansible's module that hvlab lacks: naming one is an error that says so. */
  readonly unsupported?: readonly string[]
  /** Parameter that takes free-form text (`command: ls -l` → `_raw_params`), when the module allows it. */
  readonly freeForm?: string
  /** Parameters whose text must reach the module untemplated, e.g. expressions. */
  readonly rawParams?: readonly string[]
  /** `data` keys that the result has, for docs. */
  readonly returns?: Readonly<Record<string, string>>
  run(context: ModuleContext, params: z.output<Schema>): Steps
}

/** What `run` is, and any part of it that another generator delegates to. */
export type Steps<Result = ModuleResult> = AsyncGenerator<Change, Result, ChangeResult>

/** Keeps the schema's type inside `run`. */
export function defineModule<Schema extends ZodType>(module: Module<Schema>): Module<Schema> {
  return module
}

/** One thing a module wants done. */
export interface Change {
  /** Imperative, without a full stop: `install qemu-system-x86`. */
  readonly summary: string
  readonly diff?: Diff
  /** How: a command on the host, a file to write there, or a function (returns a value or nothing). */
  readonly action: Command | Upload | (() => Promise<unknown>)
  /** A command with a non-zero exit code fails the task unless this is set. */
  readonly allowFailure?: boolean
}

export interface Upload {
  readonly upload: Uint8Array | { readonly file: string }
  readonly path: string
  readonly options?: Omit<PutOptions, 'become' | 'signal'>
}

/** What `yield` gives back. In check mode `applied` is false and nothing else is set. */
export interface ChangeResult {
  readonly applied: boolean
  readonly command?: CommandResult
  readonly value?: unknown
}

export interface ModuleResult {
  /** Ansible's result names. */
  readonly data?: Vars
  /** Why nothing had to be done; required when no change was yielded and nothing else says it. */
  readonly why?: string
  /** Overrides "changed = something was yielded": `command` says true although it cannot know. */
  readonly changed?: boolean
  readonly skipped?: string
  readonly failed?: Failure
  readonly effects?: Effects
}

/** What a module may reach. Everything that acts on a host goes through here, with become, masks and the deadline applied. */
export interface ModuleContext extends HostAccess {
  /** Inventory name of the host. */
  readonly host: string
  readonly check: boolean
  readonly diff: boolean
  readonly signal: AbortSignal
  /** Access to another host of the inventory, with that host's own become settings. */
  peer(host: string): HostAccess
  /** The controller itself, as the user who runs hvlab; `localhost` without become. */
  readonly controller: HostAccess
  /** All inventory hosts now, with groups and rendered variables on demand. */
  hosts(): readonly { readonly name: string; readonly groups: readonly string[] }[]
  hostVar(host: string, name: string): Value | undefined
  /** A variable of this task, rendered; undefined when not defined. */
  variable(name: string): Value | undefined
  /** Strict: an undefined name is an error. */
  evaluate(expression: string): Value
  /** Fills a template of text. `extra` variables win over the task's. */
  render(template: string, extra?: Vars, options?: RenderOptions): string
  /**
   * Finds a file that a task names: the role's folder of that kind, then beside the play, then the lab's and the
   * package's. Absolute path; a FailureError lists where it looked.
   */
  locate(kind: 'files' | 'templates' | 'roles' | 'vars', name: string): string
  /** Lab first, then the package: where `images/`, `roles/` … are searched. */
  readonly searchPath: readonly string[]
  output(stream: 'stdout' | 'stderr', line: string): void
  progress(progress: Pick<TaskProgress, 'text' | 'done' | 'total' | 'unit'>): void
  note(level: 'info' | 'warning', text: string): void
  /** Keeps data in the journal for reports. */
  record(channel: string, data: Value): void
  /** Registers files for people, shown when the run ends, and the table that the terminal prints. */
  artifact(path: string): void
  summary(table: SummaryTable): void
  /** `results/<run-id>/`, absolute, on the controller. */
  readonly runDirectory: string
  readonly runId: string
}

/** Jinja's whitespace rules; the defaults are those of the module `template`. */
export interface RenderOptions {
  /** The first newline after a block goes. Default true. */
  readonly trimBlocks?: boolean
  /** Blanks before a block at the start of a line go. Default false. */
  readonly lstripBlocks?: boolean
  /** File that the text came from, for error messages. */
  readonly file?: string
}

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
