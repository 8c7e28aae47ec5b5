import { existsSync, statSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { z } from 'zod'
import { isMap } from '../config/schema/common.ts'
import { stepKeywords } from '../config/schema/step.ts'
import { checkAt } from '../config/zod-diagnostics.ts'
import type { Include, Step, StepKeywords } from '../model/task.ts'
import type { Vars } from '../model/value.ts'
import { hasTemplate } from '../template/template.ts'
import { type CompileContext, newReach, type Scope, type Source } from './compile-context.ts'
import { compileRole, type RoleUse } from './roles.ts'
import { stepKeywordsOf } from './step-keywords.ts'
import { rolesLike, taskFilesLike } from './templated-names.ts'

const stepNames: ReadonlySet<string> = new Set(Object.keys(stepKeywords))
/** With these the same tasks of a role have other variables and handlers. */
const fromKeys = ['vars_from', 'defaults_from', 'handlers_from']
const applied = z.strictObject(stepKeywords)

/** `import_tasks` and `import_role`: the steps stand where the import stood, with its keywords around them. */
export function compileImport(
  context: CompileContext,
  action: 'import_tasks' | 'import_role',
  params: Vars,
  given: object,
  keywords: StepKeywords,
  source: Source,
  scope: Scope,
): Step[] {
  const location = source.document.locate(source.path)
  const target = withRolePath(context, textOf(params, 'file') ?? textOf(params, 'name') ?? '', scope)
  for (const key of Object.keys(given)) {
    if (stepNames.has(key) || key === 'args' || key === 'notify' || key === 'loop' || key.startsWith('with_'))
      continue
    const message = `"${action}" cannot have "${key}": it happens before the run`
    context.error('unsupported-keyword', message, location, `use ${action.replace('import', 'include')}`)
  }
  if (hasTemplate(target)) {
    const message = `"${action}" cannot have a template: it happens before the run`
    context.error('unsupported-keyword', message, location, `use ${action.replace('import', 'include')}`)
    return []
  }
  if (action === 'import_role') {
    const block = compileRole(context, roleUseOf(target, params, keywords), source, scope)
    return block ? [block] : []
  }
  const file = findTaskFile(context, target, scope, source, 'error')
  if (file === undefined) return []
  if (scope.chain.includes(file)) {
    context.error(
      'import-circle',
      `the file ${target} imports itself`,
      location,
      'use include_tasks with a condition',
    )
    return []
  }
  const steps = compileFile(context, file, {
    ...scope,
    id: `${scope.id}.import.`,
    chain: [...scope.chain, file],
  })
  const isPlain = Object.keys(given).every((key) => key === 'name' || key === 'tags' || key === 'args')
  if (isPlain || scope.isHandlers || steps.length === 0) return steps
  return [{ kind: 'block', id: scope.id, ...keywords, block: steps, rescue: [], always: [] }]
}

/**
 * `include_tasks` and `include_role`: what they can reach is compiled into the plan. Returns the key when the name is
 * known; for a template every file or role that it can stand for is compiled, and the engine looks it up by name.
 */
export function includeOf(
  context: CompileContext,
  action: 'include_tasks' | 'include_role',
  params: Vars,
  source: Source,
  scope: Scope,
): Include | undefined {
  const apply = applyOf(context, params, source, scope)
  const isRole = action === 'include_role'
  const target = withRolePath(context, textOf(params, isRole ? 'name' : 'file') ?? '', scope)
  const from = textOf(params, 'tasks_from') ?? ''
  if (hasTemplate(target) || hasTemplate(from)) {
    if (!isRole) {
      for (const file of taskFilesLike(context, target, source, scope))
        registerFile(context, file, apply, source, scope, 'possible')
      return undefined
    }
    for (const found of rolesLike(context, target, from, source))
      includeRole(
        context,
        found.role,
        { ...params, tasks_from: found.from } as Vars,
        apply,
        source,
        scope,
        'possible',
      )
    return undefined
  }
  return isRole
    ? includeRole(context, target, params, apply, source, scope)
    : includeFile(context, target, apply, source, scope)
}

function includeFile(
  context: CompileContext,
  target: string,
  apply: StepKeywords | undefined,
  source: Source,
  scope: Scope,
): Include | undefined {
  const file = findTaskFile(context, target, scope, source, 'lack')
  return file === undefined ? undefined : registerFile(context, file, apply, source, scope)
}

function registerFile(
  context: CompileContext,
  file: string,
  apply: StepKeywords | undefined,
  source: Source,
  scope: Scope,
  how: Certainty = 'includes',
): Include {
  // The same file may be reached from two roles: its tasks belong to the one that includes them.
  const owner = context.includeOwners.get(file)
  const isFirst = owner === undefined || owner === (scope.role ?? '')
  if (owner === undefined) context.includeOwners.set(file, scope.role ?? '')
  const key = `${file}${isFirst ? '' : `@${scope.role ?? ''}`}${apply ? placeMark(context, source) : ''}${tagVariant(context, scope) ?? ''}`
  const id = `${shortName(context, file)}${key.slice(file.length)}/`
  return register(context, key, apply, scope, how, (inner) => compileFile(context, file, { ...inner, id }))
}

function includeRole(
  context: CompileContext,
  name: string,
  params: Vars,
  apply: StepKeywords | undefined,
  source: Source,
  scope: Scope,
  how: Certainty = 'includes',
): Include {
  const from = (textOf(params, 'tasks_from') ?? 'main').replace(/\.ya?ml$/, '')
  const variants = fromKeys.flatMap((key) => textOf(params, key) ?? [])
  const suffix = variants.length > 0 || apply ? placeMark(context, source) : ''
  const key = `role:${name}:${from}${suffix}${tagVariant(context, scope) ?? ''}`
  return register(context, key, apply, scope, how, (inner) => {
    const keywords = stepKeywordsOf({}, inner, source)
    const { role: _, roleKeywords: __, ...outside } = inner
    const block = compileRole(context, { ...roleUseOf(name, params, keywords), isIncluded: true }, source, {
      ...outside,
      id: key,
    })
    return block ? [block] : []
  })
}

/** `role_path` is the one variable that is known before the run. */
function withRolePath(context: CompileContext, name: string, scope: Scope): string {
  const path = scope.role === undefined ? undefined : context.roles.get(scope.role)?.path
  return path === undefined ? name : name.replaceAll(/\{\{\s*role_path\s*\}\}/g, () => path)
}

/** The set of `Reach` that an include belongs to. */
type Certainty = 'includes' | 'possible'

/** Compiles an include once, with what it reaches of its own; the caller reaches it. */
function register(
  context: CompileContext,
  key: string,
  apply: StepKeywords | undefined,
  scope: Scope,
  how: Certainty,
  compile: (scope: Scope) => Step[],
): Include {
  scope.reach[how].add(key)
  if (how === 'includes' && !scope.mayNotRun) scope.reach.certain.add(key)
  if (context.includes.has(key)) return { key }
  context.includes.set(key, [])
  const reach = newReach()
  context.includeReach.set(key, reach)
  // Tags of the blocks, the role and the play around an include hold inside it; the include's own do not, as in Ansible.
  const steps = compile({ ...scope, reach, chain: [], tags: apply?.tags ?? scope.tags, mayNotRun: false })
  const wrapped: Step[] = apply
    ? [{ kind: 'block', id: `${scope.id}.apply`, ...apply, block: steps, rescue: [], always: [] }]
    : steps
  context.includes.set(key, wrapped)
  return { key }
}

/** What the keys of a templated include end with: with `apply`, or where `--tags` selects, it is a variant of its own. */
export function includeVariant(
  context: CompileContext,
  params: Vars,
  source: Source,
  scope: Scope,
): string | undefined {
  const isOwn = isMap(params['apply']) || fromKeys.some((key) => textOf(params, key) !== undefined)
  const own = isOwn ? placeMark(context, source) : ''
  const variant = `${own}${tagVariant(context, scope) ?? ''}`
  return variant === '' ? undefined : variant
}

/**
 * What keys of includes end with where `--tags` selects: the same file holds other tasks where other tags are
 * inherited. Undefined where tags decide nothing.
 */
function tagVariant(context: CompileContext, scope: Scope): string | undefined {
  const isFiltered = context.tags.only.length + context.tags.skip.length > 0
  return isFiltered && scope.tags.length > 0 ? `+${[...scope.tags].sort().join(',')}` : undefined
}

function roleUseOf(name: string, params: Vars, keywords: StepKeywords): RoleUse {
  const file = (key: string): Record<string, string> => {
    const value = textOf(params, `${key}_from`)
    return value === undefined ? {} : { [key]: value.replace(/\.ya?ml$/, '') }
  }
  return {
    name,
    params: Object.create(null),
    files: { ...file('tasks'), ...file('vars'), ...file('defaults'), ...file('handlers') },
    keywords,
    isRepeatable: params['allow_duplicates'] !== false,
  }
}

function applyOf(
  context: CompileContext,
  params: Vars,
  source: Source,
  scope: Scope,
): StepKeywords | undefined {
  const { apply } = params
  if (!isMap(apply)) return undefined
  const at = { document: source.document, path: [...source.path, 'apply'] }
  const words = { subject: '"apply"', key: 'keyword' }
  const { value, diagnostics } = checkAt(applied, apply, at.document, at.path, words)
  context.diagnostics.push(...diagnostics)
  return value ? stepKeywordsOf(value, scope, at) : undefined
}

function compileFile(context: CompileContext, file: string, scope: Scope): Step[] {
  const document = context.read(file)
  if (!document) return []
  const folders = [...new Set([dirname(file), ...scope.folders])]
  return context.compileSteps(document.value, { document, path: [] }, { ...scope, folders })
}

function findTaskFile(
  context: CompileContext,
  name: string,
  scope: Scope,
  source: Source,
  severity: 'error' | 'lack',
): string | undefined {
  for (const folder of scope.folders) {
    const file = resolve(folder, name)
    if (existsSync(file) && statSync(file).isFile()) return file
  }
  const location = source.document.locate(source.path)
  const hint = `looked in ${[...new Set(scope.folders)].join(', ')}`
  context[severity]('task-file-missing', `there is no file ${name}`, location, hint)
  return undefined
}

/** What an include brings that gives it keywords or variables of its own belongs to its place: each place is compiled once. */
function placeMark(context: CompileContext, { document, path }: Source): string {
  const { file, line, column } = document.locate(path)
  return `#${shortName(context, file)}:${line}:${column}`
}

function shortName(context: CompileContext, file: string): string {
  const names = context.searchPath
    .map((folder) => relative(folder, file))
    .filter((path) => !path.startsWith('..'))
  return names.sort((a, b) => a.length - b.length)[0] ?? file
}

function textOf(params: Vars, name: string): string | undefined {
  const value = params[name]
  return typeof value === 'string' ? value : undefined
}
