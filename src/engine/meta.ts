import { FailureError } from '../model/failure.ts'
import type { Task } from '../model/task.ts'
import { defined } from '../util/defined.ts'
import { firstFalse } from './conditions.ts'
import { failureOf } from './failures.ts'
import type { Inherited } from './inherited.ts'
import { fromPlay } from './inherited.ts'
import type { Going, PlayRun } from './play-run.ts'
import { reportStep } from './report-step.ts'
import { failedResult } from './run-item.ts'
import { taskScope } from './scopes.ts'

type RunTaskStep = (
  play: PlayRun,
  task: Task,
  hosts: readonly string[],
  inherited: Inherited,
) => Promise<Going>

/** What a `meta` task asks for, as `flush_handlers`. */
export function metaAction({ params }: Task): string {
  return typeof params === 'string' ? params : String(params['_raw_params'])
}

/** What `meta` tasks do to the play itself. They have no result and no line in the recap. */
export async function runMeta(
  play: PlayRun,
  task: Task,
  hosts: readonly string[],
  inherited: Inherited,
  runTaskStep: RunTaskStep,
): Promise<Going> {
  const action = metaAction(task)
  const failed: string[] = []
  const concerned = hosts.filter((host) => {
    try {
      return (
        firstFalse('when', task.when, taskScope(play.engine, play.place, task, inherited, host)) === undefined
      )
    } catch (error) {
      reportStep(play, task, host, failedResult(failureOf(error, task.location)), inherited)
      failed.push(host)
      return false
    }
  })
  const others = hosts.filter((host) => !failed.includes(host))
  if (concerned.length === 0) return { going: others, failed }
  switch (action) {
    case 'noop':
      return { going: others, failed }
    case 'flush_handlers': {
      const flushed = await flushHandlers(play, concerned, runTaskStep)
      const left = others.filter((host) => !concerned.includes(host) || flushed.going.includes(host))
      return { going: left, failed: [...failed, ...flushed.failed] }
    }
    case 'end_play':
      play.isPlayEnded = true
      play.isEnded = true
      return { going: others, failed }
    case 'end_batch':
      play.isEnded = true
      return { going: others, failed }
    case 'end_host':
      for (const host of concerned) play.leave(host)
      return { going: others.filter((host) => !play.hasLeft(host)), failed }
    case 'clear_facts':
      for (const host of concerned) play.engine.inventory.state(host).clearFacts()
      return { going: others, failed }
    case 'clear_host_errors':
      for (const host of play.stage.hosts) play.engine.inventory.state(host).status = 'ok'
      return { going: others, failed }
    case 'reset_connection':
      await Promise.all(concerned.map(async (host) => await play.engine.pool.reset(host)))
      return { going: others, failed }
    default:
      for (const host of concerned) {
        const result = failedResult(failureOf(unsupported(action, task)))
        reportStep(play, task, host, result, inherited)
      }
      return { going: others.filter((host) => !concerned.includes(host)), failed: [...failed, ...concerned] }
  }
}

/**
 * Runs what was notified, on hosts that are given. Handlers may notify later ones; one that comes before them waits for the next
 * flush, as in Ansible, so that two which notify each other come to an end.
 */
export async function flushHandlers(
  play: PlayRun,
  hosts: readonly string[],
  runTaskStep: RunTaskStep,
): Promise<Going> {
  let going = hosts
  const failed: string[] = []
  let from = 0
  for (;;) {
    const next = play.isEnded ? undefined : play.handlers.takeNext(going, from)
    if (next === undefined || play.stopsWork()) break
    from = next.index + 1
    const { handler, inclusion } = next
    const inherited = { ...fromPlay(play.stage), ...inclusion, ...defined({ inclusion }) }
    const result = await runTaskStep(play, handler, next.hosts, inherited)
    const still = new Set(result.going)
    going = going.filter((host) => !next.hosts.includes(host) || still.has(host))
    for (const host of result.failed) play.failedInHandlers.add(host)
    failed.push(...result.failed)
  }
  return { going, failed }
}

function unsupported(action: string, task: Task): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'meta-unsupported',
    message: `hvlab does not support "meta: ${action}".`,
    location: task.location,
  })
}
