import { isMap } from '../config/schema/common.ts'
import { taskKeywords, unsupportedStepKeywords } from '../config/schema/step.ts'
import { checkAt } from '../config/zod-diagnostics.ts'
import type { Step, Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { defined } from '../util/defined.ts'
import { checkTemplates } from './check-templates.ts'
import type { CompileContext, Scope, Source } from './compile-context.ts'
import { compileImport, includeOf, tagVariant } from './includes.ts'
import { keywordNames, nameOfModule } from './module-name.ts'
import { checkKeywordTemplates, partition, stepKeywordsOf, withoutUnsupported } from './step-keywords.ts'
import { isSelected } from './tags.ts'
import { checkListen, checkLoop, loopOf } from './task-loop.ts'
import { type ActionName, actionOf, actionParams, moduleParams } from './task-params.ts'

/** One entry of a list of tasks: a task, what it imports, or nothing when tags leave it out. */
export function compileTask(context: CompileContext, item: Vars, source: Source, scope: Scope): Step[] {
  const supported = withoutUnsupported(context, item, unsupportedStepKeywords, source)
  const { known, others } = partition(supported, keywordNames)
  const words = { subject: 'the task', key: 'keyword' }
  const { value: given, diagnostics } = checkAt(taskKeywords, known, source.document, [...source.path], words)
  context.diagnostics.push(...diagnostics)
  checkKeywordTemplates(context, known, source)
  const named = nameOfModule(context, supported, others, source)
  if (!named) return []
  const { name: moduleName, value, path } = named
  const at = { document: source.document, path }
  const args = isMap(known['args']) ? known['args'] : undefined
  const action = actionOf(moduleName)
  const isStatic = action === 'import_tasks' || action === 'import_role'
  const params = action
    ? actionParams(context, action, value, args, at)
    : paramsOf(context, moduleName, value, args, at, { ...source, path: [...source.path, 'args'] })
  checkLoop(context, known, isStatic, source)
  checkListen(context, known, scope, source)
  if (!given || params === undefined) return []
  const keywords = stepKeywordsOf(given, scope, source)
  for (const tag of keywords.tags) context.knownTags.add(tag)
  if (isStatic && typeof params !== 'string') {
    const inner = { ...scope, tags: keywords.tags }
    return compileImport(context, action, params, given, keywords, at, inner)
  }
  for (const [index, name] of (given.notify ?? []).entries()) {
    const path = [...source.path, 'notify', ...(Array.isArray(known['notify']) ? [index] : [])]
    scope.reach.notified.push({ name, location: source.document.locate(path) })
  }
  const module = action ?? context.modules.findModule(moduleName)?.name ?? moduleName
  context.madeGroups.note(module, params)
  if (!scope.isHandlers && !isSelected(keywords.tags, context.tags)) return []
  const include =
    isInclude(action) && typeof params !== 'string'
      ? includeOf(context, action, params, at, scope)
      : undefined
  return [
    defined({
      kind: 'task' as const,
      id: scope.id,
      name: given.name,
      module,
      params,
      ...keywords,
      delegateTo: named.isLocal ? 'localhost' : keywords.delegateTo,
      ...loopOf(given),
      register: given.register,
      notify: given.notify ?? [],
      listen: given.listen ?? [],
      until: given.until,
      retries: given.retries,
      delay: given.delay,
      changedWhen: given.changed_when,
      failedWhen: given.failed_when,
      timeout: given.timeout,
      throttle: given.throttle,
      include,
      includeVariant: isInclude(action) && include === undefined ? tagVariant(context, scope) : undefined,
    }) satisfies Task,
  ]
}

function isInclude(action: ActionName | undefined): action is 'include_tasks' | 'include_role' {
  return action === 'include_tasks' || action === 'include_role'
}

function paramsOf(
  context: CompileContext,
  name: string,
  value: Value,
  args: Vars | undefined,
  at: Source,
  argsAt: Source,
): Vars | string | undefined {
  const module = context.modules.findModule(name)
  if (!module) return undefined
  const params = moduleParams(context, module, value, args, at, argsAt)
  const raw = new Set(module.rawParams ?? [])
  if (isMap(value)) {
    for (const key of Object.keys(value)) {
      if (!raw.has(key))
        checkTemplates(context, value[key], { document: at.document, path: [...at.path, key] })
    }
  } else checkTemplates(context, value, at)
  if (args) checkTemplates(context, args, argsAt)
  return params
}
