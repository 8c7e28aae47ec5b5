import type { Diagnostic } from '../config/diagnostic.ts'
import { readYamlFile } from '../config/vars-files.ts'
import type { YamlDocument } from '../config/yaml.ts'
import type { Path } from '../config/yaml-node.ts'
import type { Location } from '../model/location.ts'
import type { Role } from '../model/plan.ts'
import type { Step, StepKeywords, Task } from '../model/task.ts'
import type { ModuleRegistry } from '../modules/registry.ts'
import type { FoundLack } from './lacks.ts'
import { MadeGroups } from './made-groups.ts'
import type { UnmatchedHosts } from './stage-hosts.ts'
import type { TagSelection } from './tags.ts'

/** A part of a document: what is compiled, and where it stands. */
export interface Source {
  readonly document: YamlDocument
  readonly path: Path
}

/** What a list of tasks reaches besides itself: decides which handlers a stage has. */
export interface Reach {
  /** Keys of roles, in the order of their first task. */
  readonly roles: Set<string>
  /** Keys of roles' handlers; of two that answer to one name, the later counts. */
  readonly handlers: Set<string>
  /** Keys of includes. */
  readonly includes: Set<string>
  /** Those of them that no condition, loop or earlier failure stands before. */
  readonly certain: Set<string>
  /** Keys of what an include with a template in its name may bring. */
  readonly possible: Set<string>
  readonly notified: { readonly name: string; readonly location: Location }[]
  /** Roles that have run, with their parameters and conditions: each runs once. */
  readonly seen: Set<string>
}

export function newReach(): Reach {
  return {
    ...{ roles: new Set(), handlers: new Set(), includes: new Set(), certain: new Set() },
    ...{ possible: new Set(), notified: [], seen: new Set() },
  }
}

/** Where a list of tasks is compiled. */
export interface Scope {
  /** Prefix of the tasks' ids, e.g. `deploy/` or `deploy/roles.0.`. */
  readonly id: string
  /** Key of the role. */
  readonly role?: string
  /** Folders where `include_tasks` looks, nearest first. */
  readonly folders: readonly string[]
  /** Inherited from stage, role and blocks. */
  readonly tags: readonly string[]
  readonly isHandlers: boolean
  /** Behind a condition, in a rescue or a handler. */
  readonly mayNotRun?: boolean
  /** The folder that the nearest role around lies in: its roles are found, too. */
  readonly besideRole?: string | undefined
  /** Keywords of the roles around, outermost first: their handlers have them, too. */
  readonly roleKeywords?: readonly StepKeywords[]
  /** Files and roles that are being imported: a circle is an error. */
  readonly chain: readonly string[]
  readonly reach: Reach
}

/** Turns a YAML list into steps; given to those that need it so that no file imports in a circle. */
export type CompileSteps = (list: unknown, source: Source, scope: Scope) => Step[]

/** What one compilation shares: the tables of the plan, and the mistakes found so far. */
export class CompileContext {
  readonly diagnostics: Diagnostic[] = []
  readonly roles = new Map<string, Role>()
  /** Key of `roles` by what makes a role's variables: its folder, parameters and files. */
  readonly roleKeys = new Map<string, string>()
  /** By role and by the keywords that its uses give it. */
  readonly roleHandlers = new Map<string, readonly Task[]>()
  readonly includes = new Map<string, readonly Step[]>()
  /** File to the key of the role that included it first; empty for none. */
  readonly includeOwners = new Map<string, string>()
  readonly includeReach = new Map<string, Reach>()
  /** Tags that tasks have, those that `--tags` leaves out too. */
  readonly knownTags = new Set<string>()
  readonly madeGroups = new MadeGroups()
  /** Patterns of stages that name what the inventory has not: judged when all tasks are known. */
  readonly unmatched: UnmatchedHosts[] = []
  readonly searchPath: readonly string[]
  readonly modules: ModuleRegistry
  readonly tags: TagSelection
  readonly compileSteps: CompileSteps
  /** What stages reach, before any include. */
  readonly roots: Reach[] = []
  /** Steps that need what hvlab has not. */
  readonly lacking: FoundLack[] = []
  readonly #lacks: Diagnostic[] = []
  readonly #documents = new Map<string, YamlDocument | undefined>()

  constructor(options: {
    searchPath: readonly string[]
    modules: ModuleRegistry
    tags: TagSelection
    compileSteps: (context: CompileContext) => CompileSteps
  }) {
    this.searchPath = options.searchPath
    this.modules = options.modules
    this.tags = options.tags
    this.compileSteps = options.compileSteps(this)
  }

  error(code: string, message: string, location: Location | undefined, hint?: string): void {
    this.#add('error', code, message, location, hint)
  }

  /** What Ansible has and hvlab has not: the step around it decides whether that is an error. */
  lack(code: string, message: string, location: Location, hint?: string): void {
    this.#lacks.push({ severity: 'error', code, message, location, ...(hint === undefined ? {} : { hint }) })
  }

  /** What a step lacks, found since it began: `from` is what `lackCount` was. What is in it has taken its own. */
  takeLacks(from: number): Diagnostic[] {
    return this.#lacks.splice(from)
  }

  get lackCount(): number {
    return this.#lacks.length
  }

  warn(code: string, message: string, location: Location | undefined, hint?: string): void {
    this.#add('warning', code, message, location, hint)
  }

  #add(
    severity: Diagnostic['severity'],
    code: string,
    message: string,
    location?: Location,
    hint?: string,
  ): void {
    this.diagnostics.push({
      severity,
      code,
      message,
      ...(location ? { location } : {}),
      ...(hint === undefined ? {} : { hint }),
    })
  }

  /** A YAML file that may have nothing to do with this compilation: its mistakes are nobody's business. */
  peek(file: string): YamlDocument | undefined {
    if (this.#documents.has(file)) return this.#documents.get(file)
    const document = readYamlFile(file)
    return document.ok ? document.value : undefined
  }

  /** A YAML file, read once; undefined when it has mistakes, which are then in `diagnostics`. */
  read(file: string): YamlDocument | undefined {
    if (!this.#documents.has(file)) {
      const document = readYamlFile(file)
      if (!document.ok) this.diagnostics.push(...document.error)
      this.#documents.set(file, document.ok ? document.value : undefined)
    }
    return this.#documents.get(file)
  }
}
