import { ExitCode } from '../model/exit-code.ts'
import type { Plan } from '../model/plan.ts'
import { longestTimerMs } from '../util/sleep.ts'
import { Engine } from './engine.ts'
import type { EarlierRun } from './resume.ts'
import { readEarlierRun } from './resume.ts'
import type { FailureRecord, RunOptions, RunOutcome } from './run-options.ts'
import { runStages } from './stages.ts'

export type { RunOptions, RunOutcome } from './run-options.ts'

/**
 * Runs a plan to its end. What goes wrong on hosts is in the outcome; it throws a FailureError only when the run
 * cannot start, e.g. because the run to continue was of another plan, or when its journal cannot be written any more.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunOutcome> {
  const started = performance.now()
  const { interruption, resumeFrom } = options
  using earlier = resumeFrom === undefined ? undefined : await readEarlierRun(resumeFrom, plan, options.check)
  const engine = new Engine(plan, options, earlier)
  const timer =
    options.deadlineMs === undefined
      ? undefined
      : setTimeout(() => interruption.interrupt('deadline'), Math.min(options.deadlineMs, longestTimerMs))
  interruption.onInterrupt((signal, times) => engine.bus.emit({ kind: 'run.interrupted', signal, times }))
  try {
    announce(engine, earlier)
    const isWhole = await Promise.race([
      runStages(engine).then(() => true),
      interruptedTwice(options).then(() => false),
    ])
    const outcome = outcomeOf(engine, isWhole && !interruption.leavesWork)
    engine.bus.emit({
      kind: 'run.finished',
      exitCode: outcome.exitCode,
      durationMs: Math.round(performance.now() - started),
      recap: outcome.recap,
      failures: outcome.failures,
      artifacts: outcome.artifacts,
      ...(outcome.isWhole ? { isWhole: true } : {}),
      ...(outcome.summary === undefined ? {} : { summary: outcome.summary }),
    })
    return outcome
  } finally {
    clearTimeout(timer)
    engine.bus.close()
    await Promise.race([engine.pool.close(), interruptedTwice(options)])
  }
}

function announce(engine: Engine, earlier: EarlierRun | undefined): void {
  const { plan, options } = engine
  engine.bus.emit({
    kind: 'run.started',
    runId: options.runId,
    pipeline: plan.name,
    file: plan.file,
    version: options.version,
    fingerprint: plan.fingerprint,
    check: options.check,
    pid: process.pid,
    ...(options.command === undefined ? {} : { command: options.command }),
    inventory: { sources: plan.inventory.sources, hosts: [...plan.inventory.hosts.keys()] },
    stages: plan.stages.map(({ name, needs, hosts }) => ({ name, needs, hosts })),
    ...(earlier === undefined ? {} : { resumes: earlier.runId }),
  })
}

/** Resolves when somebody has lost patience: nothing is waited for then. */
async function interruptedTwice({ interruption: { atOnce } }: RunOptions): Promise<void> {
  if (atOnce.aborted) return
  await new Promise<void>((resolve) => {
    atOnce.addEventListener('abort', () => resolve(), { once: true })
  })
}

function outcomeOf(engine: Engine, isWhole: boolean): RunOutcome {
  const { bus, results, artifacts, summary, recap } = engine
  return {
    exitCode: exitCodeOf(engine),
    isWhole: isWhole && engine.failures.length === 0,
    results,
    recap: recap.all(),
    // Commands print them.
    failures: bus.clean(engine.failures),
    artifacts,
    ...(summary === undefined ? {} : { summary }),
  }
}

/** Interrupted before failed before unreachable before a stage that had no hosts. */
function exitCodeOf(engine: Engine): ExitCode {
  const interrupted = engine.options.interruption.exitCode
  if (interrupted !== undefined) return interrupted
  const isLost = ({ failure }: FailureRecord): boolean =>
    failure.reason === 'unreachable' || failure.reason === 'host-key'
  const isOfStage = ({ host, failure }: FailureRecord): boolean =>
    host === undefined && failure.reason === 'config'
  if (engine.failures.some((record) => !isLost(record) && !isOfStage(record))) return ExitCode.taskFailed
  if (engine.failures.some(isLost)) return ExitCode.unreachable
  return engine.failures.length > 0 ? ExitCode.usage : ExitCode.ok
}
