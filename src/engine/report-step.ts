import type { Task } from '../model/task.ts'
import type { PlayRun } from './play-run.ts'
import type { ItemResult } from './run-item.ts'

/**
 * Tells the outcome of a step that the engine itself did on a host: an include or a meta task. One that fails counts
 * like any task's failure.
 */
export function reportStep(
  play: PlayRun,
  task: Task,
  host: string,
  result: ItemResult,
  isRescuable: boolean,
): void {
  const { engine, stage } = play
  const place = { stage: stage.name, host, task: task.id }
  const event = { ...place, name: task.name ?? task.module, module: task.module }
  const isRescued = isRescuable && result.outcome.kind === 'failed'
  const outcome = isRescued ? { ...result.outcome, rescued: true } : result.outcome
  engine.bus.emit({ kind: 'task.started', ...event, location: task.location })
  engine.keep(place, outcome, result.data)
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
