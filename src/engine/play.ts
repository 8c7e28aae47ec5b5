import type { PlayStage } from '../model/plan.ts'
import type { Task } from '../model/task.ts'
import { renderValue } from '../template/jinja.ts'
import { batchesOf } from './batches.ts'
import type { Engine } from './engine.ts'
import { atTop, fromPlay, type Inherited } from './inherited.ts'
import { flushHandlers } from './meta.ts'
import { type Going, PlayRun } from './play-run.ts'
import { taskScope } from './scopes.ts'
import type { StageEnd } from './stage-end.ts'
import { stageTask } from './stage-task.ts'
import { runSteps, runTaskStep } from './steps.ts'

/**
 * Runs a play on its hosts, batch after batch.
 *
 * @param stage With all hosts that it is for, those that failed before, too.
 */
export async function runPlay(engine: Engine, stage: PlayStage, hosts: readonly string[]): Promise<StageEnd> {
  const gone = new Set<string>()
  let broken: string | undefined
  for (const batch of batchesOf(hosts, serialOf(engine, stage))) {
    if (engine.options.interruption.stopsWork()) break
    const play = new PlayRun(engine, stage, batch, gone)
    await runBatch(play)
    broken = play.broken
    if (broken !== undefined || play.isPlayEnded) break
    // As in Ansible: a batch of which nothing is left stops the play, and what stands after it.
    if (batch.every((host) => engine.inventory.state(host).status !== 'ok')) {
      if (batch.length < hosts.length) broken = `no host of the batch ${batch.join(', ')} is left`
      break
    }
  }
  const down = hosts.filter((host) => engine.inventory.state(host).status !== 'ok')
  if (broken !== undefined) return { outcome: 'failed', why: broken, stopsOthers: true }
  if (down.length === 0) return { outcome: 'ok', stopsOthers: false }
  const why =
    down.length === 1 && hosts.length === 1
      ? `${down[0]} failed`
      : `${down.length} of ${hosts.length} hosts failed`
  return { outcome: 'failed', why, stopsOthers: down.length === hosts.length }
}

async function runBatch(play: PlayRun): Promise<void> {
  const { stage, batch } = play
  const inherited = fromPlay(stage)
  let going: readonly string[] = batch
  if (stage.gatherFacts) {
    const gathered = await runTaskStep(play, gatherFacts(stage), batch, inherited)
    going = gathered.going
    checkFatal(play, gathered)
  }
  checkFatal(play, await runOnBatch(play, going, inherited))
  if (stage.forceHandlers) {
    play.isEnded = false
    const failed = batch.filter(
      (host) => play.engine.inventory.state(host).status === 'failed' && !play.failedInHandlers.has(host),
    )
    await flushHandlers(play, failed, runTaskStep)
  }
}

async function runOnBatch(play: PlayRun, hosts: readonly string[], inherited: Inherited): Promise<Going> {
  const { steps, strategy } = play.stage
  if (strategy === 'linear') return await runSteps(play, steps, hosts, inherited)
  const alone = await Promise.all(hosts.map(async (host) => await runSteps(play, steps, [host], inherited)))
  return { going: alone.flatMap(({ going }) => going), failed: alone.flatMap(({ failed }) => failed) }
}

function checkFatal(play: PlayRun, { failed }: Going): void {
  if (play.fatal !== undefined && failed.length > 0) play.giveUp(play.fatal)
}

/** `serial` may hold templates of variables that need no host. */
function serialOf(engine: Engine, stage: PlayStage): (number | string)[] {
  const [first] = stage.hosts
  const scope =
    first === undefined
      ? undefined
      : taskScope(
          engine,
          { stage, batch: stage.hosts, alive: () => stage.hosts },
          gatherFacts(stage),
          atTop,
          first,
        )
  return stage.serial.map((size) => {
    const value = typeof size === 'string' && scope !== undefined ? renderValue(size, scope) : size
    return typeof value === 'number' ? value : String(value)
  })
}

function gatherFacts(stage: PlayStage): Task {
  return stageTask(stage, { id: 'gather-facts', name: 'Gathering Facts', module: 'setup' })
}
