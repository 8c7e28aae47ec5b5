import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import type { TaskFinished } from '../model/event.ts'
import { FailureError } from '../model/failure.ts'
import type { Plan } from '../model/plan.ts'
import { canonicalJson } from '../util/json.ts'
import { readJournal } from './journal.ts'

/** Their work is cheap, or is only true now: they run again in a resumed run. */
const alwaysAgain = new Set([
  'setup',
  'meta',
  'set_fact',
  'debug',
  'assert',
  'fail',
  'ping',
  'wait_for',
  'wait_for_connection',
  'include_tasks',
  'include_role',
  'preflight',
  'report',
])

/** What an earlier run of the same plan got done. */
export class EarlierRun {
  readonly runId: string
  readonly #finished = new Map<string, TaskFinished>()

  constructor(runId: string, finished: readonly TaskFinished[]) {
    this.runId = runId
    for (const event of finished) this.#finished.set(`${event.host}\n${event.task}`, event)
  }

  /** The result of a task that ended well then and would do the same now. */
  resultOf(host: string, task: string, module: string, fingerprint: string): TaskFinished | undefined {
    if (alwaysAgain.has(module)) return undefined
    const event = this.#finished.get(`${host}\n${task}`)
    if (event === undefined || event.fingerprint !== fingerprint || event.data === undefined) return undefined
    const isDone =
      event.outcome.kind === 'ok' || event.outcome.kind === 'changed' || event.outcome.kind === 'skipped'
    return isDone ? event : undefined
  }
}

/**
 * Reads what an earlier run got done. Throws a FailureError: `resume-differs` when its plan was another one,
 * `resume-check-mode` when it only looked or this one would.
 */
export async function readEarlierRun(folder: string, plan: Plan, isCheck: boolean): Promise<EarlierRun> {
  const { events } = await readJournal(folder)
  const started = events.find((event) => event.kind === 'run.started')
  if (started === undefined || started.fingerprint !== plan.fingerprint) {
    throw new FailureError({
      reason: 'config',
      code: 'resume-differs',
      message: `The run in ${folder} cannot be continued: its pipeline, inventory or variables were different.`,
      hint: 'Start without --resume: what is done already is found done.',
    })
  }
  if (started.check || isCheck) {
    throw new FailureError({
      reason: 'config',
      code: 'resume-check-mode',
      message: 'A run in check mode changes nothing, so there is nothing to continue.',
      hint: 'Use --resume without --check, on a run that was made without it.',
    })
  }
  return new EarlierRun(
    started.runId,
    events.filter((event): event is TaskFinished & { time: string } => event.kind === 'task.finished'),
  )
}

/** SHA-256 of what decides what a task does. Files of the controller count by size and time of change, folders with all in them. */
export function taskFingerprint(content: unknown, files: readonly string[]): string {
  const stamps = files.flatMap((file) => {
    const status = statSync(file)
    const inside = status.isDirectory() ? readdirSync(file, { recursive: true, encoding: 'utf8' }) : []
    return [
      stampOf(file, status),
      ...inside.map((name) => stampOf(name, lstatSync(join(file, name), { throwIfNoEntry: false }))),
    ]
  })
  return createHash('sha256').update(canonicalJson({ content, stamps })).digest('hex')
}

function stampOf(file: string, status: Stats | undefined) {
  return { file, size: status?.size, mtimeMs: status?.mtimeMs }
}
