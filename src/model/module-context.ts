import type { SummaryTable, TaskProgress } from './event.ts'
import type { HostAccess } from './host-access.ts'
import type { Value, Vars } from './value.ts'

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
  /** The folder of the pipeline on the controller, absolute: where files go whose path is relative. */
  readonly pipelineFolder: string
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
