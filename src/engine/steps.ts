import type { Block, Step, Task } from '../model/task.ts'
import { limitOf } from '../util/limit.ts'
import { runInclude } from './includes.ts'
import type { Inherited } from './inherited.ts'
import { insideBlock, resolved } from './inherited.ts'
import { metaAction, runMeta } from './meta.ts'
import type { Going, PlayRun } from './play-run.ts'
import type { TaskEnd } from './run-task.ts'
import { runTask } from './run-task.ts'

/**
 * Runs steps on hosts, one step after the other, each on all hosts at the same time. A host that fails leaves; what
 * remains goes on. (`strategy: free` calls this for each host alone.)
 */
export async function runSteps(
  play: PlayRun,
  steps: readonly Step[],
  hosts: readonly string[],
  inherited: Inherited,
): Promise<Going> {
  let going = hosts
  const failed: string[] = []
  for (const step of steps) {
    if (going.length === 0 || (!isFlush(step) && play.stopsWork())) break
    const result =
      step.kind === 'block'
        ? await runBlockOnce(play, step, going, inherited)
        : await runTaskStep(play, step, going, inherited)
    going = result.going.filter((host) => !play.hasLeft(host))
    failed.push(...result.failed)
  }
  return { going, failed }
}

/** Where nothing was notified, an interruption leaves nothing undone here. */
function isFlush(step: Step): boolean {
  return step.kind === 'task' && step.module === 'meta' && metaAction(step) === 'flush_handlers'
}

/** A role on which an included one depends may have run already: each host has it once. One that was skipped whole has not run. */
async function runBlockOnce(
  play: PlayRun,
  block: Block,
  hosts: readonly string[],
  outer: Inherited,
): Promise<Going> {
  const { once } = block
  if (once === undefined) return await runBlock(play, block, hosts, outer)
  const had = hosts.filter((host) => play.hasRun(host, once))
  const others = hosts.filter((host) => !had.includes(host))
  const before = new Map(others.map((host) => [host, play.done(host)]))
  const result = await runBlock(play, block, others, outer)
  for (const host of result.going) if (play.done(host) !== before.get(host)) play.ran(host, once)
  return { going: play.inOrder([...had, ...result.going]), failed: result.failed }
}

/** A block: its hosts that fail go through `rescue`, and all of them through `always`. */
async function runBlock(
  play: PlayRun,
  block: Block,
  hosts: readonly string[],
  outer: Inherited,
): Promise<Going> {
  const hasRescue = block.rescue.length > 0
  const main = await runSteps(
    play,
    block.block,
    hosts,
    insideBlock(outer, block, outer.isRescuable || hasRescue),
  )
  const inherited = insideBlock(outer, block, outer.isRescuable)
  let { going, failed } = main
  if (hasRescue && failed.length > 0 && !play.stopsWork()) {
    const rescued = await runSteps(play, block.rescue, play.inOrder(failed), inherited)
    going = play.inOrder([...going, ...rescued.going])
    failed = rescued.failed
  }
  if (block.always.length === 0 || play.stopsWork()) return { going, failed }
  const last = await runSteps(play, block.always, play.inOrder([...going, ...failed]), inherited)
  const isGoing = new Set(last.going)
  return {
    going: going.filter((host) => isGoing.has(host)),
    failed: [...new Set([...failed.filter((host) => isGoing.has(host)), ...last.failed])],
  }
}

/** One task on all hosts. Also used for handlers. */
export async function runTaskStep(
  play: PlayRun,
  written: Task,
  hosts: readonly string[],
  inherited: Inherited,
): Promise<Going> {
  const task = resolved(written, inherited)
  if (task.lack !== undefined)
    return settle(play, task, hosts, await runOnHosts(play, task, hosts, inherited))
  if (task.module === 'meta') return await runMeta(play, task, hosts, inherited, runTaskStep)
  if (task.module === 'include_tasks' || task.module === 'include_role') {
    return settle(play, task, hosts, await runInclude(play, task, hosts, inherited, runSteps))
  }
  return settle(play, task, hosts, await runOnHosts(play, task, hosts, inherited))
}

async function runOnHosts(
  play: PlayRun,
  task: Task,
  hosts: readonly string[],
  inherited: Inherited,
): Promise<Going> {
  const [first] = hosts
  // With `free` every host is alone, so `run_once` runs on each of them, as in Ansible.
  if (task.runOnce && first !== undefined) return await runOnce(play, task, first, hosts, inherited)
  const throttle = task.throttle === undefined || task.throttle < 1 ? undefined : limitOf(task.throttle)
  const ends = await Promise.all(
    hosts.map(async (host) => {
      const job = async (): Promise<TaskEnd | undefined> => await runOnHost(play, task, host, inherited)
      return { host, end: await (throttle === undefined ? job() : throttle(job)) }
    }),
  )
  const going: string[] = []
  const failed: string[] = []
  for (const { host, end } of ends) {
    if (end === undefined || end.outcome.kind === 'unreachable') continue
    if (end.outcome.kind === 'failed' && !end.outcome.ignored) failed.push(host)
    else going.push(host)
  }
  return { going, failed }
}

/** Undefined when the run ended before the host's turn came. */
async function runOnHost(
  play: PlayRun,
  task: Task,
  host: string,
  inherited: Inherited,
): Promise<TaskEnd | undefined> {
  return await play.engine.limit(async () => {
    if (play.engine.options.interruption.stopsWork()) return undefined
    const end = await runTask(play.engine, play.place, task, inherited, host, (names) =>
      play.handlers.unknown(host, names),
    )
    if (end.outcome.kind !== 'skipped') play.count(host)
    play.handlers.notify(host, end.effects.notified ?? [], task, inherited)
    const state = play.engine.inventory.state(host)
    if (end.outcome.kind === 'unreachable') state.status = 'unreachable'
    else if (end.outcome.kind === 'failed' && !end.outcome.ignored && !end.outcome.rescued)
      state.status = 'failed'
    return end
  })
}

/** The first host runs it for all: its result, variables, facts and failure are everybody's. */
async function runOnce(
  play: PlayRun,
  task: Task,
  first: string,
  hosts: readonly string[],
  inherited: Inherited,
): Promise<Going> {
  const end = await runOnHost(play, task, first, inherited)
  if (end === undefined) return { going: [], failed: [] }
  for (const host of hosts) {
    const state = play.engine.inventory.state(host)
    if (task.register !== undefined) state.setVariable(task.register, end.data)
    state.apply(end.effects)
  }
  if (end.outcome.kind === 'unreachable') return { going: [], failed: hosts.filter((host) => host !== first) }
  if (end.outcome.kind !== 'failed' || end.outcome.ignored) return { going: hosts, failed: [] }
  if (!end.outcome.rescued) for (const host of hosts) play.engine.inventory.state(host).status = 'failed'
  return { going: [], failed: hosts }
}

/** What a task's failures mean for the others: `any_errors_fatal`, `max_fail_percentage`. */
function settle(play: PlayRun, task: Task, hosts: readonly string[], result: Going): Going {
  const isLost = (host: string): boolean => play.engine.inventory.state(host).status === 'unreachable'
  const someFailed = result.failed.length > 0 || hosts.some(isLost)
  if (someFailed && (task.anyErrorsFatal ?? play.stage.anyErrorsFatal) && !play.stopsWork()) {
    play.fatal ??= `any_errors_fatal: "${task.name ?? task.module}" failed`
    return { going: [], failed: play.inOrder([...result.going, ...result.failed]) }
  }
  const { maxFailPercentage } = play.stage
  if (maxFailPercentage !== undefined && play.stage.strategy === 'linear') {
    const down = play.batch.filter((host) => play.engine.inventory.state(host).status !== 'ok').length
    const percent = (down / play.batch.length) * 100
    // Exceeded, not reached: 50 lets half of the hosts fail.
    if (percent > maxFailPercentage) {
      play.giveUp(
        `${down} of ${play.batch.length} hosts failed, more than max_fail_percentage: ${maxFailPercentage}`,
      )
      return { going: [], failed: result.failed }
    }
  }
  return result
}
