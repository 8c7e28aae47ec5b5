import { describe } from '../config/describe.ts'
import { isMap } from '../config/schema/common.ts'
import { blockKeywords, unsupportedStepKeywords } from '../config/schema/step.ts'
import { checkAt } from '../config/zod-diagnostics.ts'
import type { Block, Step } from '../model/task.ts'
import type { Vars } from '../model/value.ts'
import { defined } from '../util/defined.ts'
import type { CompileContext, Scope, Source } from './compile-context.ts'
import { withLacks } from './lacks.ts'
import { checkKeywordTemplates, noteNotified, stepKeywordsOf, withoutUnsupported } from './step-keywords.ts'
import { compileTask } from './task.ts'

/** Compiles a list of tasks and blocks; what `--tags` leaves out is not in the result. */
export function compileSteps(context: CompileContext, list: unknown, source: Source, scope: Scope): Step[] {
  if (list === null || list === undefined) return []
  if (!Array.isArray(list)) {
    const location = source.document.locate(source.path)
    context.error(
      'wrong-type',
      `tasks must be a list, not ${describe(list)}`,
      location,
      'start every task with "- "',
    )
    return []
  }
  return list.flatMap((item, index) => {
    const at = { document: source.document, path: [...source.path, index] }
    const inner = { ...scope, id: `${scope.id}${index}` }
    if (isMap(item)) return compileStep(context, item, at, inner)
    context.error('wrong-type', `a task must be a map, not ${describe(item)}`, at.document.locate(at.path))
    return []
  })
}

function compileStep(context: CompileContext, item: Vars, source: Source, scope: Scope): Step[] {
  if (Object.hasOwn(item, 'block')) return compileBlock(context, item, source, scope)
  for (const key of ['rescue', 'always']) {
    if (!Object.hasOwn(item, key)) continue
    const location = source.document.locate([...source.path, key], 'key')
    context.error('missing-key', `"${key}" needs a "block" beside it`, location)
    return []
  }
  return compileTask(context, item, source, scope)
}

function compileBlock(context: CompileContext, item: Vars, source: Source, scope: Scope): Step[] {
  return withLacks(context, scope, () => readBlock(context, item, source, scope))
}

function readBlock(context: CompileContext, item: Vars, source: Source, scope: Scope): Block[] | undefined {
  if (scope.isHandlers) {
    const location = source.document.locate([...source.path, 'block'], 'key')
    context.error(
      'unsupported-keyword',
      'a handler cannot be a block',
      location,
      'write one handler for each task',
    )
    return undefined
  }
  const supported = withoutUnsupported(context, item, unsupportedStepKeywords, source, 'lack')
  const words = { subject: 'the block', key: 'keyword' }
  const { value: given, diagnostics } = checkAt(
    blockKeywords,
    supported,
    source.document,
    [...source.path],
    words,
  )
  context.diagnostics.push(...diagnostics)
  checkKeywordTemplates(context, supported, source)
  const keywords = given
    ? defined({ ...stepKeywordsOf(given, scope, source), notify: given.notify })
    : undefined
  noteNotified(given?.notify, supported['notify'], source, scope)
  const part = (name: 'block' | 'rescue' | 'always'): Step[] => {
    const at = { document: source.document, path: [...source.path, name] }
    const mayNotRun = scope.mayNotRun || name === 'rescue' || (keywords?.when ?? []).length > 0
    const inner = { ...scope, id: `${scope.id}.${name}.`, tags: keywords?.tags ?? scope.tags, mayNotRun }
    return Array.isArray(supported[name]) ? compileSteps(context, supported[name], at, inner) : []
  }
  const [block, rescue, always] = [part('block'), part('rescue'), part('always')]
  if (!keywords) return undefined
  if (block.length + always.length === 0) return []
  return [
    defined({ kind: 'block' as const, id: scope.id, name: given?.name, ...keywords, block, rescue, always }),
  ]
}
