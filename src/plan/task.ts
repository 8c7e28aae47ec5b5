import { isMap } from '../config/schema/common.ts'
import { taskKeywords, unsupportedStepKeywords } from '../config/schema/step.ts'
import { checkAt } from '../config/zod-diagnostics.ts'
import type { Step, Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { defined } from '../util/defined.ts'
import { checkTemplates } from './check-templates.ts'
import type { CompileContext, Scope, Source } from './compile-context.ts'
import { compileImport, includeOf, includeVariant } from './includes.ts'
import { withLacks } from './lacks.ts'
import { keywordNames, nameOfModule } from './module-name.ts'
import {
  checkKeywordTemplates,
  noteNotified,
  partition,
  stepKeywordsOf,
  withoutUnsupported,
} from './step-keywords.ts'
import { isSelected } from './tags.ts'
import { checkListen, checkLoop, loopOf, plainLoop } from './task-loop.ts'
import { type ActionName, actionOf, actionParams, moduleParams } from './task-params.ts'

/** One entry of a list of tasks: a task, what it imports, or nothing when tags leave it out. */
export function compileTask(context: CompileContext, item: Vars, source: Source, scope: Scope): Step[] {
  return withLacks(context, scope, () => readTask(context, item, source, scope))
}

function readTask(context: CompileContext, item: Vars, source: Source, scope: Scope): Step[] | undefined {
  const supported = withoutUnsupported(context, plainLoop(item), unsupportedStepKeywords, source, 'lack')
  const { known, others } = partition(supported, keywordNames)
  const words = { subject: 'the task', key: 'keyword' }
  const { value: given, diagnostics } = checkAt(taskKeywords, known, source.document, [...source.path], words)
  context.diagnostics.push(...diagnostics)
  checkKeywordTemplates(context, known, source)
  const named = nameOfModule(context, supported, others, source, scope)
  if (!named) return undefined
  const { name: moduleName, value, path } = named
  const at = { document: source.document, path }
  const args = isMap(known['args']) ? known['args'] : undefined
  const action = actionOf(moduleName)
  const isStatic = action === 'import_tasks' || action === 'import_role'
  const params = action
    ? actionParams(context, action, value, args, at)
    : named.isAbsent
      ? (Object.create(null) as Vars)
      : paramsOf(context, moduleName, value, args, at, { ...source, path: [...source.path, 'args'] })
  checkLoop(context, known, isStatic, source)
  checkListen(context, known, scope, source)
  if (!given || params === undefined) return undefined
  const keywords = stepKeywordsOf(given, scope, source)
  for (const tag of keywords.tags) context.knownTags.add(tag)
  noteNotified(given.notify, known['notify'], source, scope)
  if (isStatic && typeof params !== 'string') {
    const inner = { ...scope, tags: keywords.tags, mayNotRun: scope.mayNotRun || keywords.when.length > 0 }
    const around = defined({ ...keywords, notify: given.notify })
    return compileImport(context, action, params, given, around, at, inner)
  }
  const module = action ?? context.modules.findModule(moduleName)?.name ?? moduleName
  context.madeGroups.note(module, params)
  if (!scope.isHandlers && !isSelected(keywords.tags, context.tags)) return []
  const task = {
    ...{ kind: 'task' as const, id: scope.id, name: given.name, module, params },
    ...keywords,
    delegateTo: named.isLocal ? 'localhost' : keywords.delegateTo,
    ...loopOf(given),
  }
  const mayNotRun = scope.mayNotRun || given.when !== undefined || task.loop !== undefined
  const include =
    isInclude(action) && typeof params !== 'string'
      ? includeOf(context, action, params, at, { ...scope, mayNotRun })
      : undefined
  return [
    defined({
      ...task,
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
      includeVariant:
        isInclude(action) && include === undefined && typeof params !== 'string'
          ? includeVariant(context, params, at, scope)
          : undefined,
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
