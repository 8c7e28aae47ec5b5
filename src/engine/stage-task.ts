import type { PlayStage, ScriptStage } from '../model/plan.ts'
import type { Task } from '../model/task.ts'

/** A task that no file wrote: what a stage does of itself, such as gathering facts. */
export function stageTask(
  stage: PlayStage | ScriptStage,
  { id, name, module }: { readonly id: string; readonly name: string; readonly module: string },
): Task {
  return {
    kind: 'task',
    id: `${stage.name}/${id}`,
    name,
    module,
    params: {},
    when: [],
    tags: [],
    vars: {},
    notify: [],
    listen: [],
    location: stage.location,
  }
}
