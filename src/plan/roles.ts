import { dirname, join } from 'node:path'
import { describe } from '../config/describe.ts'
import { isMap } from '../config/schema/common.ts'
import { roleEntry, roleMeta } from '../config/schema/stage.ts'
import { stepKeywords } from '../config/schema/step.ts'
import { checkAt, valueAt } from '../config/zod-diagnostics.ts'
import type { Block, StepKeywords, Task } from '../model/task.ts'
import type { Vars } from '../model/value.ts'
import { hasTemplate } from '../template/template.ts'
import { argumentCheck } from './argument-specs.ts'
import type { CompileContext, Scope, Source } from './compile-context.ts'
import { type RoleFiles, roleFile, roleFolder, roleVars } from './role-files.ts'
import { checkKeywordTemplates, partition, stepKeywordsOf } from './step-keywords.ts'

/** A role named in `roles:`, in a role's dependencies, or by an import or include. */
export interface RoleUse {
  readonly name: string
  readonly params: Vars
  readonly files: RoleFiles
  readonly keywords: StepKeywords
  /** Runs again although it ran with the same parameters. */
  readonly isRepeatable: boolean
  /** Looked for when the run comes there, as in Ansible. */
  readonly isIncluded?: boolean
}

const keywordNames: ReadonlySet<string> = new Set(['role', ...Object.keys(stepKeywords)])

/** `roles:` of a stage, or `dependencies:` of a role. */
export function compileRoles(context: CompileContext, list: unknown, source: Source, scope: Scope): Block[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((entry, index) => {
    const at = { document: source.document, path: [...source.path, index] }
    const inner = { ...scope, id: `${scope.id}${index}` }
    const use = readEntry(context, entry, at, inner)
    const block = use ? compileRole(context, use, at, inner) : undefined
    return block ? [block] : []
  })
}

function readEntry(
  context: CompileContext,
  entry: unknown,
  source: Source,
  scope: Scope,
): RoleUse | undefined {
  const { document, path } = source
  if (!isMap(entry) && typeof entry !== 'string') {
    const message = `a role must be a name or a map, not ${describe(entry)}`
    context.error('wrong-type', message, document.locate(path))
    return undefined
  }
  const item: Vars = isMap(entry) ? entry : Object.assign(Object.create(null), { role: entry })
  const { known, others } = partition(item, keywordNames)
  const { value: given, diagnostics } = checkAt(roleEntry, known, document, [...path], {
    subject: 'the role',
  })
  context.diagnostics.push(...diagnostics)
  checkKeywordTemplates(context, known, source)
  if (!given) return undefined
  const name = given.role ?? given.name
  if (name === undefined || hasTemplate(name)) {
    const message =
      name === undefined ? 'the role has no name' : 'the name of a role here cannot be a template'
    const hint = name === undefined ? 'write "role: name"' : 'use include_role for a name that is computed'
    context.error('missing-key', message, document.locate(path), hint)
    return undefined
  }
  const params: Vars = Object.assign(Object.create(null), given.vars)
  for (const key of others) params[key] = item[key] ?? null
  const keywords = { ...stepKeywordsOf(given, scope, source), vars: Object.create(null) as Vars }
  return { name, params, files: {}, keywords, isRepeatable: false }
}

/** The tasks of a role and of the roles that it depends on, in one block; undefined when it already ran. */
export function compileRole(
  context: CompileContext,
  use: RoleUse,
  source: Source,
  scope: Scope,
): Block | undefined {
  const location = source.document.locate(source.path)
  const path = roleFolder(context, use.name, location, use.isIncluded ? 'lack' : 'error', scope.besideRole)
  if (path === undefined) return undefined
  // A role may import another of its own files.
  const link = join(path, 'tasks', use.files.tasks ?? 'main')
  if (scope.chain.includes(link)) {
    context.error('import-circle', `the role "${use.name}" depends on itself`, location)
    return undefined
  }
  const meta = readMeta(context, path)
  const key = registerRole(context, use, path, location)
  const { when, tags } = use.keywords
  const signature = JSON.stringify([key, use.files, when, tags])
  const isRepeatable = use.isRepeatable || meta.isRepeatable
  if (scope.reach.seen.has(signature) && !isRepeatable) return undefined
  scope.reach.seen.add(signature)
  const roleKeywords = [...(scope.roleKeywords ?? []), use.keywords]
  const mayNotRun = scope.mayNotRun || when.length > 0
  const inner: Scope = {
    ...scope,
    tags,
    roleKeywords,
    chain: [...scope.chain, link],
    mayNotRun,
    besideRole: dirname(path),
  }
  const dependencies = meta.source
    ? compileRoles(context, meta.dependencies, meta.source, { ...inner, id: `${scope.id}.dependencies.` })
    : []
  const role = context.roles.get(key)
  if (role)
    context.roles.set(key, { ...role, dependencies: dependencies.flatMap((block) => block.role ?? []) })
  scope.reach.roles.add(key)
  compileRoleHandlers(context, key, path, use, location, inner)
  const taskScope = roleScope(inner, key, path, `${scope.id}.tasks.`)
  const steps = compileRolePart(context, 'tasks', path, use, location, taskScope)
  const check = argumentCheck(
    context,
    { name: use.name, path, params: use.params },
    use.files.tasks ?? 'main',
    taskScope,
  )
  const block = [...dependencies, ...check, ...steps]
  if (block.length === 0) return undefined
  return {
    ...{ kind: 'block' as const, id: scope.id, ...use.keywords, role: key, block, rescue: [], always: [] },
    ...(isRepeatable ? {} : { once: signature }),
  }
}

/** The role's entry in the plan: one for each set of parameters; the first has the role's own name as its key. */
function registerRole(
  context: CompileContext,
  use: RoleUse,
  path: string,
  location: ReturnType<Source['document']['locate']>,
): string {
  const { vars, defaults } = use.files
  const signature = JSON.stringify([path, use.params, vars, defaults])
  const known = context.roleKeys.get(signature)
  if (known !== undefined) return known
  let key = use.name
  for (let count = 2; context.roles.has(key); count += 1) key = `${use.name}#${count}`
  context.roleKeys.set(signature, key)
  context.roles.set(key, {
    name: use.name,
    path,
    defaults: roleVars(context, path, 'defaults', defaults, location),
    vars: roleVars(context, path, 'vars', vars, location),
    params: use.params,
  })
  return key
}

function roleScope(scope: Scope, key: string, path: string, id: string): Scope {
  return { ...scope, id, role: key, folders: [join(path, 'tasks'), path, ...scope.folders] }
}

/** Steps of a role's folder `tasks` or `handlers`; none where it has no such file and nobody named one. */
function compileRolePart(
  context: CompileContext,
  part: 'tasks' | 'handlers',
  path: string,
  use: RoleUse,
  location: ReturnType<Source['document']['locate']>,
  scope: Scope,
): Block['block'] {
  const named = use.files[part]
  const file = roleFile(path, part, named)
  if (file === undefined) {
    if (named === undefined) return []
    const message = `the role "${use.name}" has no file ${part}/${named}.yml`
    context.error('role-file-missing', message, location, `looked in ${join(path, part)}`)
    return []
  }
  const document = context.read(file)
  if (!document) return []
  const folders = [dirname(file), ...scope.folders]
  return context.compileSteps(document.value, { document, path: [] }, { ...scope, folders })
}

/** Once for every entry of the plan's roles and the keywords around it, which its handlers have as its tasks do. */
function compileRoleHandlers(
  context: CompileContext,
  key: string,
  path: string,
  use: RoleUse,
  location: ReturnType<Source['document']['locate']>,
  scope: Scope,
): void {
  const around = (scope.roleKeywords ?? []).map(({ location: _, tags: __, ...given }) => given)
  const handlerKey = JSON.stringify([key, around])
  scope.reach.handlers.delete(handlerKey)
  scope.reach.handlers.add(handlerKey)
  if (context.roleHandlers.has(handlerKey)) return
  const others = [...context.roleHandlers.keys()].filter((known) =>
    known.startsWith(`[${JSON.stringify(key)},`),
  )
  context.roleHandlers.set(handlerKey, [])
  const id = others.length === 0 ? `${key}/handlers.` : `${key}/handlers~${others.length + 1}.`
  const inner = { ...roleScope(scope, key, path, id), isHandlers: true, mayNotRun: true, tags: [] }
  const steps = compileRolePart(context, 'handlers', path, use, location, inner)
  const handlers = steps.filter((step): step is Task => step.kind === 'task')
  context.roleHandlers.set(
    handlerKey,
    handlers.map((handler) => around.reduceRight(withKeywords, handler)),
  )
}

/** The handler's own keywords and variables win; conditions and environments come on top. */
function withKeywords(
  handler: Task,
  { when, vars, environment, ...given }: Omit<StepKeywords, 'location' | 'tags'>,
): Task {
  const outside = environment === undefined ? [] : [environment].flat()
  const inside = handler.environment === undefined ? [] : [handler.environment].flat()
  return {
    ...given,
    ...handler,
    when: [...when, ...handler.when],
    vars: Object.assign(Object.create(null), vars, handler.vars),
    ...(outside.length + inside.length === 0 ? {} : { environment: [...outside, ...inside] }),
  }
}

function readMeta(
  context: CompileContext,
  path: string,
): { dependencies: unknown; isRepeatable: boolean; source?: Source } {
  const file = roleFile(path, 'meta')
  const document = file === undefined ? undefined : context.read(file)
  if (!document || document.value === null) return { dependencies: [], isRepeatable: false }
  const { value, diagnostics } = checkAt(roleMeta, document.value, document, [], {
    subject: 'the role’s meta data',
  })
  context.diagnostics.push(...diagnostics)
  return {
    dependencies: value?.dependencies ?? valueAt(document.value, ['dependencies']),
    isRepeatable: value?.allow_duplicates === true,
    source: { document, path: ['dependencies'] },
  }
}
