import type { Inventory } from './host.ts'
import type { Location } from './location.ts'
import type { Step, Task } from './task.ts'
import type { Value, Vars } from './value.ts'

/**
 * What will happen, as a plain value: made by `plan/` from a pipeline and an inventory, printed by `hvlab plan`,
 * run by `engine/`. Nothing in it needs the files it came from, except the templates and files of roles.
 */
export interface Plan {
  readonly name: string
  /** Absolute path of the pipeline file. */
  readonly file: string
  /** Folders searched for roles, images, templates, in order: the lab's own first, then the package's. */
  readonly searchPath: readonly string[]
  readonly inventory: Inventory
  readonly stages: readonly Stage[]
  readonly roles: Readonly<Record<string, Role>>
  /**
   * Task lists that includes can reach. Keys: the absolute path of a task file (`include_tasks` with a templated name
   * is looked up by it: relative to the including file's folder, then the role's `tasks/`, then the pipeline's
   * folder), and `role:<name>:<tasks_from>` for `include_role` (`main` unless `tasks_from` says otherwise). A literal
   * include carries its key in `Task.include`. With `apply:` the list is one block that holds those keywords.
   */
  readonly includes: Readonly<Record<string, readonly Step[]>>
  /** The pipeline's own `vars`: stronger than role defaults, weaker than everything from the inventory. */
  readonly defaults: Vars
  readonly extraVars: Vars
  /** SHA-256 over everything that decides what runs; a resume needs the same. */
  readonly fingerprint: string
}

export type Stage = PlayStage | ScriptStage

interface StageBase {
  /** Unique in the pipeline; a file-name-safe word. */
  readonly name: string
  /** Names of the stages that must have ended well before this one starts; default: the one before it. */
  readonly needs: readonly string[]
  /** The pattern as written, and the hosts it stands for now. Guests deployed later are added when the stage starts. */
  readonly pattern: string
  readonly hosts: readonly string[]
  /** The pattern is of groups that tasks make (`add_host`, `group_by`): no host is no mistake. */
  readonly mayBeEmpty?: boolean
  readonly location: Location
}

export interface PlayStage extends StageBase {
  readonly kind: 'play'
  /** With those of `vars_files` before the first that has a template. */
  readonly vars: Vars
  /** The others, in order. */
  readonly varsFiles?: readonly VarsFile[]
  readonly become?: Value
  readonly becomeUser?: string
  readonly becomeMethod?: string
  readonly environment?: Value
  readonly gatherFacts: boolean
  readonly strategy: 'linear' | 'free'
  /** Batch sizes: numbers or percentages, the last repeats; empty = all at once. */
  readonly serial: readonly (number | string)[]
  readonly maxFailPercentage?: number
  readonly anyErrorsFatal: boolean
  readonly ignoreErrors?: Value
  readonly forceHandlers: boolean
  /** pre_tasks, flush, roles, tasks, flush, post_tasks, flush: flattened, with `meta: flush_handlers` tasks between. */
  readonly steps: readonly Step[]
  /** Handlers of roles in `roles:`, the stage's own, then those of roles that tasks import or include. */
  readonly handlers: readonly Task[]
  /** Keys of `Plan.roles` whose variables the whole stage sees, dependencies first: named in `roles:`, or imported. */
  readonly roles?: readonly string[]
}

/** An entry of `vars_files` that each host chooses by its variables: the first file that exists. */
export interface VarsFile {
  /** Templates. */
  readonly names: readonly string[]
  /** Absolute folders that are searched. */
  readonly folders: readonly string[]
  readonly location: Location
}

/** A zx script: `default export async ({ $, hosts, vars, record }) => {…}`. */
export interface ScriptStage extends StageBase {
  readonly kind: 'script'
  /** Absolute path of the .mts/.mjs file. */
  readonly script: string
  readonly vars: Vars
  readonly become?: Value
}

export interface Role {
  readonly name: string
  /** Absolute folder. */
  readonly path: string
  readonly defaults: Vars
  readonly vars: Vars
  /** Parameters given where the role was named. */
  readonly params: Vars
  /** Keys of the roles that it depends on (`meta/main.yml`). */
  readonly dependencies?: readonly string[]
}
