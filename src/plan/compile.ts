import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { Diagnostic } from '../config/diagnostic.ts'
import { loadInventory } from '../config/inventory.ts'
import { limitedHosts } from '../config/pattern.ts'
import { FailureError } from '../model/failure.ts'
import type { Inventory } from '../model/host.ts'
import type { Plan } from '../model/plan.ts'
import type { Vars } from '../model/value.ts'
import { modules as allOfThem, type ModuleRegistry } from '../modules/registry.ts'
import { defined } from '../util/defined.ts'
import { suggestion } from '../util/did-you-mean.ts'
import { err, ok, type Result } from '../util/result.ts'
import { CompileContext } from './compile-context.ts'
import { fingerprintOf } from './fingerprint.ts'
import { reportLacks } from './lacks.ts'
import { compileStages } from './pipeline.ts'
import { defaultInventory, findPipeline, searchPathOf } from './search-path.ts'
import { compileSteps } from './steps.ts'

export interface CompileOptions {
  /** The lab: usually the working directory. */
  readonly labDirectory: string
  /** A file, or the name of a pipeline of the lab or the package. */
  readonly pipeline: { readonly file: string } | { readonly name: string }
  /** Sources of `-i`; empty means the lab's default. */
  readonly inventory: readonly string[]
  readonly limit?: string
  readonly extraVars?: Vars
  readonly tags?: readonly string[]
  readonly skipTags?: readonly string[]
  /** Default: every module that hvlab has. */
  readonly modules?: ModuleRegistry
}

export interface CompiledPlan {
  readonly plan: Plan
  readonly warnings: readonly Diagnostic[]
}

/**
 * Reads the pipeline, its roles and the inventory, and makes the plan. Nothing is touched; every mistake in every file
 * is in the result.
 */
export async function compilePipeline(options: CompileOptions): Promise<Result<CompiledPlan, Diagnostic[]>> {
  const labDirectory = resolve(options.labDirectory)
  const found = pipelineOf(options, labDirectory)
  if (!found.ok) return err([found.error])
  const file = found.value
  const searchPath = searchPathOf(labDirectory, file)
  const context = new CompileContext({
    searchPath,
    modules: options.modules ?? allOfThem,
    tags: { only: options.tags ?? [], skip: options.skipTags ?? [] },
    compileSteps: (self) => (list, source, scope) => compileSteps(self, list, source, scope),
  })
  const sources = options.inventory.length > 0 ? options.inventory : defaultInventory(searchPath)
  const loaded = loadInventory(sources, { cwd: labDirectory, playDirectory: dirname(file) })
  if (loaded.ok) context.diagnostics.push(...loaded.value.warnings)
  else context.diagnostics.push(...loaded.error)
  const inventory = loaded.ok ? loaded.value.inventory : undefined
  const limit = inventory ? limitOf(context, inventory, options.limit, labDirectory) : undefined
  if (!existsSync(file)) context.diagnostics.push(missingFile(file, labDirectory))
  const document = existsSync(file) ? context.read(file) : undefined
  const extraVars = options.extraVars ?? (Object.create(null) as Vars)
  const { name, defaults, stages } = document
    ? compileStages(
        context,
        { document, path: [] },
        defined({ inventory, limit, extraVars, folders: [...new Set([dirname(file), ...searchPath])] }),
      )
    : { defaults: Object.create(null) as Vars, stages: [] }
  reportLacks(context)
  const diagnostics = unique(context.diagnostics)
  if (!inventory || diagnostics.some(({ severity }) => severity === 'error')) return err(diagnostics)
  const plan = {
    name: name ?? file.replace(/^.*\/|\.[^./]*$/g, ''),
    file,
    searchPath,
    inventory,
    stages,
    roles: Object.fromEntries(context.roles),
    includes: Object.fromEntries(context.includes),
    defaults,
    extraVars,
  }
  return ok({ plan: { ...plan, fingerprint: fingerprintOf(plan) }, warnings: diagnostics })
}

function pipelineOf(options: CompileOptions, labDirectory: string): Result<string, Diagnostic> {
  if ('file' in options.pipeline) return ok(resolve(labDirectory, options.pipeline.file))
  const { name } = options.pipeline
  const found = findPipeline(name, searchPathOf(labDirectory))
  if (found.ok || !existsSync(resolve(labDirectory, name))) return found
  return err({ ...found.error, hint: `it is a file: hvlab run ${name}` })
}

/** A word that is no file is often a pipeline's name, or misspelt. */
function missingFile(file: string, labDirectory: string): Diagnostic {
  const word = basename(file)
  const folder = dirname(file)
  const hint = findPipeline(word, searchPathOf(labDirectory)).ok
    ? `it is the name of a pipeline: hvlab up ${word}`
    : suggestion(word, existsSync(folder) ? readdirSync(folder) : [])
  return defined({
    severity: 'error' as const,
    code: 'pipeline-unknown',
    message: `there is no file ${file}`,
    hint,
  })
}

function limitOf(
  context: CompileContext,
  inventory: Inventory,
  limit: string | undefined,
  cwd: string,
): ReadonlySet<string> | undefined {
  if (limit === undefined) return undefined
  try {
    return limitedHosts(inventory, limit, cwd)
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    context.error(error.failure.code, error.failure.message, undefined, error.failure.hint)
    return undefined
  }
}

/** A role that is used twice is read twice: its mistakes count once. */
function unique(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>()
  return diagnostics.filter(({ code, message, location }) => {
    const key = JSON.stringify([code, message, location])
    return seen.has(key) ? false : seen.add(key)
  })
}
