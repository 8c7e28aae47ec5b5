import { existsSync, statSync } from 'node:fs'
import { basename, dirname, extname } from 'node:path'
import type { Diagnostic } from '../config/diagnostic.ts'
import { loadInventory } from '../config/inventory.ts'
import { isMap } from '../config/schema/common.ts'
import { readYamlFile } from '../config/vars-files.ts'
import type { Stage } from '../model/plan.ts'
import type { Step } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { modules as allOfThem, type ModuleRegistry } from '../modules/registry.ts'
import { defined } from '../util/defined.ts'
import { counted } from '../util/words.ts'
import { compilePipeline } from './compile.ts'
import { CompileContext, newReach } from './compile-context.ts'
import { reportLacks } from './lacks.ts'
import { searchPathOf } from './search-path.ts'
import { compileSteps } from './steps.ts'

export type FileKind = 'pipeline' | 'playbook' | 'inventory' | 'task file'

export interface ValidateOptions {
  readonly labDirectory: string
  readonly inventory: readonly string[]
  readonly limit?: string
  readonly extraVars?: Vars | undefined
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly modules?: ModuleRegistry
}

export interface Validated {
  /** `6 stages, 14 tasks`. */
  readonly summary: string
  readonly diagnostics: readonly Diagnostic[]
}

/** What a file is, by its content: `stages` make a pipeline, `hosts` in a list a playbook, groups an inventory. */
export function kindOfFile(path: string): FileKind {
  if (!existsSync(path)) return 'pipeline'
  if (statSync(path).isDirectory() || !['.yml', '.yaml', '.json'].includes(extname(path))) return 'inventory'
  const document = readYamlFile(path)
  const value = document.ok ? document.value.value : undefined
  if (Array.isArray(value)) return value.some(isTask) && !value.some(isPlay) ? 'task file' : 'playbook'
  const isInventory = isMap(value) && !Object.hasOwn(value, 'stages') && Object.values(value).every(isGroup)
  return isInventory && Object.keys(value).length > 0 ? 'inventory' : 'pipeline'
}

function isPlay(item: Value): boolean {
  return isMap(item) && Object.hasOwn(item, 'hosts')
}

function isTask(item: Value): boolean {
  return isMap(item) && !isPlay(item)
}

function isGroup(item: Value): boolean {
  return (
    item === null || (isMap(item) && ['hosts', 'children', 'vars'].some((key) => Object.hasOwn(item, key)))
  )
}

/** Checks a file, and all that it reaches, as a run would. */
export async function validateFile(
  path: string,
  kind: FileKind,
  options: ValidateOptions,
): Promise<Validated> {
  switch (kind) {
    case 'inventory':
      return validateInventory(path, options)
    case 'task file':
      return validateTasks(path, options)
    case 'pipeline':
    case 'playbook': {
      const { labDirectory, inventory, limit, extraVars, tags, skipTags, modules } = options
      const compiled = await compilePipeline(
        defined({
          labDirectory,
          pipeline: { file: path },
          inventory,
          limit,
          extraVars,
          tags,
          skipTags,
          modules,
        }),
      )
      if (!compiled.ok) return { summary: '', diagnostics: compiled.error }
      const { stages } = compiled.value.plan
      const tasks = stages.reduce((sum, stage) => sum + tasksOf(stage), 0)
      const summary = `${counted(stages.length, 'stage')}, ${counted(tasks, 'task')}`
      return { summary, diagnostics: compiled.value.warnings }
    }
  }
}

function validateInventory(path: string, options: ValidateOptions): Validated {
  const loaded = loadInventory([path], { cwd: options.labDirectory })
  if (!loaded.ok) return { summary: '', diagnostics: loaded.error }
  const { inventory, warnings } = loaded.value
  const hosts = [...inventory.hosts.values()].filter((host) => host.groups.length > 0)
  return { summary: counted(hosts.length, 'host'), diagnostics: warnings }
}

function validateTasks(path: string, options: ValidateOptions): Validated {
  const context = new CompileContext({
    searchPath: searchPathOf(options.labDirectory, path),
    modules: options.modules ?? allOfThem,
    tags: { only: [], skip: [] },
    compileSteps: (self) => (list, source, scope) => compileSteps(self, list, source, scope),
  })
  const document = context.read(path)
  if (!document) return { summary: '', diagnostics: context.diagnostics }
  const reach = newReach()
  context.roots.push(reach)
  const steps = context.compileSteps(
    document.value,
    { document, path: [] },
    {
      id: `${basename(path)}/`,
      folders: [dirname(path), ...context.searchPath],
      tags: [],
      isHandlers: false,
      chain: [path],
      reach,
    },
  )
  reportLacks(context)
  return { summary: counted(countSteps(steps), 'task'), diagnostics: context.diagnostics }
}

function tasksOf(stage: Stage): number {
  return stage.kind === 'script' ? 1 : countSteps(stage.steps)
}

function countSteps(steps: readonly Step[]): number {
  return steps.reduce(
    (sum, step) =>
      sum + (step.kind === 'task' ? 1 : countSteps([...step.block, ...step.rescue, ...step.always])),
    0,
  )
}
