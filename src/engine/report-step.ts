import type { Task } from '../model/task.ts'
import type { Inherited } from './inherited.ts'
import type { PlayRun } from './play-run.ts'
import type { ItemResult } from './run-item.ts'
import { taskScope } from './scopes.ts'
import { taskLabels } from './task-labels.ts'

/**
 * Tells the outcome of a step that the engine itself did on a host: an include or a meta task. One that fails counts
 * like any task's failure.
 */
export function reportStep(
  play: PlayRun,
  task: Task,
  host: string,
  result: ItemResult,
  inherited: Inherited,
): void {
  const { engine, stage } = play
  const place = { stage: stage.name, host, task: task.id }
  const scope =
    task.name === undefined || task.noLog !== undefined
      ? undefined
      : taskScope(engine, play.place, task, inherited, host)
  const event = { ...place, ...taskLabels(engine, task, scope) }
  const isRescued = inherited.isRescuable && result.outcome.kind === 'failed'
  const outcome = isRescued ? { ...result.outcome, rescued: true } : result.outcome
  engine.bus.emit({ kind: 'task.started', ...event, location: task.location })
  // In Ansible's recap an inclusion of a file is ok, one of a role is nothing.
  engine.keep(place, outcome, result.data, !(task.module === 'include_role' && outcome.kind === 'ok'))
  engine.bus.emit({
    kind: 'task.finished',
    ...event,
    outcome,
    durationMs: 0,
    fingerprint: '',
    data: result.data,
  })
  if (outcome.kind === 'failed' && !isRescued) engine.inventory.state(host).status = 'failed'
}
