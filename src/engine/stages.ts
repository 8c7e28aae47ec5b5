import type { Stage } from '../model/plan.ts'
import type { Engine } from './engine.ts'
import { failureOf } from './failures.ts'
import { runPlay } from './play.ts'
import { runScriptStage } from './script-stage.ts'
import type { StageEnd } from './stage-end.ts'

/** Runs stages as their `needs` allow: each starts as soon as those that it needs have ended well. */
export async function runStages(engine: Engine): Promise<void> {
  const ends = new Map<string, Promise<StageEnd>>()
  for (const stage of engine.plan.stages) ends.set(stage.name, runWhenReady(engine, stage, ends))
  await Promise.all(ends.values())
}

async function runWhenReady(
  engine: Engine,
  stage: Stage,
  ends: ReadonlyMap<string, Promise<StageEnd>>,
): Promise<StageEnd> {
  const needed = await Promise.all(
    stage.needs.map(async (name) => ({ name, end: await (ends.get(name) ?? unknownStage(name)) })),
  )
  const started = performance.now()
  const end = await endOf(engine, stage, needed.find(({ end }) => end.stopsOthers)?.name)
  engine.bus.emit({
    kind: 'stage.finished',
    stage: stage.name,
    outcome: end.outcome,
    ...(end.why === undefined ? {} : { why: end.why }),
    durationMs: Math.round(performance.now() - started),
  })
  return end
}

async function endOf(engine: Engine, stage: Stage, stoppedBy: string | undefined): Promise<StageEnd> {
  const { interruption } = engine.options
  if (interruption.stopsWork()) return { outcome: 'cancelled', stopsOthers: true }
  if (stoppedBy !== undefined) return { outcome: 'skipped', why: `${stoppedBy} failed`, stopsOthers: true }
  try {
    const end = await run(engine, stage)
    return interruption.leavesWork ? { ...end, outcome: 'cancelled', stopsOthers: true } : end
  } catch (error) {
    const failure = failureOf(error, stage.location)
    engine.failures.push({ stage: stage.name, failure })
    return { outcome: 'failed', why: failure.message, stopsOthers: true }
  }
}

async function run(engine: Engine, stage: Stage): Promise<StageEnd> {
  const wanted = hostsNow(engine, stage)
  if (wanted.length === 0) return withoutHosts(engine, stage)
  const hosts = wanted.filter((host) => engine.inventory.state(host).status === 'ok')
  if (hosts.length === 0) return { outcome: 'skipped', why: 'all its hosts failed before', stopsOthers: true }
  engine.bus.emit({ kind: 'stage.started', stage: stage.name, hosts })
  if (stage.kind === 'script') return await runScriptStage(engine, stage, hosts)
  for (const host of hosts) engine.recap.of(host)
  return await runPlay(engine, { ...stage, hosts: wanted }, hosts)
}

/** The hosts that the plan found, and those that came to be since and fit the pattern. */
function hostsNow(engine: Engine, stage: Stage): string[] {
  const matching = engine.options.matchHosts(engine.inventory.inventory, stage.pattern)
  const added = matching.filter((host) => engine.inventory.isAdded(host) && !stage.hosts.includes(host))
  return [...stage.hosts, ...added]
}

function withoutHosts(engine: Engine, stage: Stage): StageEnd {
  const matching = engine.options.matchHosts(engine.inventory.inventory, stage.pattern)
  if (matching.length > 0) return { outcome: 'skipped', why: 'no host is within --limit', stopsOthers: false }
  if (stage.mayBeEmpty)
    return { outcome: 'skipped', why: `no host matches "${stage.pattern}"`, stopsOthers: false }
  // In check mode nothing was deployed, so a stage on guests has nothing to look at.
  if (engine.options.check)
    return { outcome: 'skipped', why: `no host matches "${stage.pattern}" yet`, stopsOthers: false }
  const failure = {
    reason: 'config' as const,
    code: 'no-hosts-matched',
    message: `No host matches "${stage.pattern}" of the stage ${stage.name}.`,
    hint: 'Look at the inventory with `hvlab inventory --graph`.',
    location: stage.location,
  }
  engine.failures.push({ stage: stage.name, failure })
  return { outcome: 'failed', why: failure.message, stopsOthers: true }
}

function unknownStage(name: string): never {
  throw new Error(`a stage needs "${name}", which does not stand before it in the plan`)
}
