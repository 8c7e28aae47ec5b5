import { FailureError } from '../model/failure.ts'
import type { Value } from '../model/value.ts'
import type { Module } from '../modules/module.ts'
import { TemplateError } from '../template/template.ts'
import { locateFile, placesOf } from './locate-file.ts'
import { itemVariables } from './loop-items.ts'
import { taskFingerprint } from './resume.ts'
import { type Prepared, prepareItem } from './run-item.ts'
import type { TaskRun } from './task-run.ts'

/** Empty when the items cannot all be known before the first has run: such a task is never taken from a journal. */
export function loopFingerprint(run: TaskRun, module: Module, items: readonly Value[]): string {
  try {
    const prepared = items.map((_, index) =>
      prepareItem(run, module, run.scope.with(itemVariables(run.task, items, index))),
    )
    return fingerprintOf(run, prepared)
  } catch (error) {
    if (error instanceof TemplateError || error instanceof FailureError) return ''
    throw error
  }
}

/** What a task will do, as a hash: a resume takes its result from the journal only when this is the same. */
export function fingerprintOf(run: TaskRun, items: readonly Prepared[]): string {
  const content = {
    module: run.task.module,
    items: items.map((item) => ('skipped' in item ? null : item.content)),
  }
  return taskFingerprint(
    content,
    items.flatMap((item) => sourceFile(run, item)),
  )
}

/** The controller's file that a parameter `src` names: its content decides what the task does. */
function sourceFile(run: TaskRun, item: Prepared): string[] {
  const src = 'skipped' in item ? undefined : item.params['src']
  if (typeof src !== 'string') return []
  try {
    const kind = run.task.module === 'template' ? 'templates' : 'files'
    return [locateFile(kind, src, placesOf(run.engine.plan, run.task))]
  } catch (error) {
    if (error instanceof FailureError) return [] // A path on the host.
    throw error
  }
}
