import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Event, RunStarted, TaskFinished } from '../model/event.ts'
import { FailureError } from '../model/failure.ts'
import type { Plan } from '../model/plan.ts'
import { hasJournal } from '../util/journal-lines.ts'
import { canonicalJson } from '../util/json.ts'
import { readJournal, requireJournal } from './journal.ts'
import { holdRun } from './run-lock.ts'

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
  readonly #hold: Disposable
  readonly #finished = new Map<string, TaskFinished>()

  constructor(runId: string, finished: readonly TaskFinished[], hold: Disposable) {
    this.runId = runId
    this.#hold = hold
    for (const event of finished) this.#finished.set(`${event.host}\n${event.task}`, event)
  }

  /** Lets others continue it. */
  [Symbol.dispose](): void {
    this.#hold[Symbol.dispose]()
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
 * Reads what an earlier run got done, and the runs that it continued itself, and keeps others from continuing it. Throws a
 * FailureError: `resume-running` while another process works on it, `resume-differs` when its plan was another one,
 * `resume-check-mode` when it only looked or this one would, `journal-empty` when it did not even begin.
 */
export async function readEarlierRun(folder: string, plan: Plan, isCheck: boolean): Promise<EarlierRun> {
  requireJournal(folder)
  const hold = holdRun(folder)
  try {
    const { events } = await readJournal(folder)
    const started = startIn(events)
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
    const before = await finishedBefore(folder, started, new Set([folder]))
    return new EarlierRun(started.runId, [...before, ...finishedIn(events)], hold)
  } catch (error) {
    hold[Symbol.dispose]()
    throw error
  }
}

/** A resumed run that was stopped itself may not have come to all that its forerunner had done. */
async function finishedBefore(
  folder: string,
  { resumes, fingerprint }: RunStarted,
  seen: ReadonlySet<string>,
): Promise<TaskFinished[]> {
  if (resumes === undefined || resumes !== basename(resumes)) return []
  const earlier = join(dirname(folder), resumes)
  if (seen.has(earlier) || !hasJournal(earlier)) return []
  const { events } = await readJournal(earlier)
  const started = startIn(events)
  if (started?.fingerprint !== fingerprint) return []
  const before = await finishedBefore(earlier, started, new Set([...seen, earlier]))
  return [...before, ...finishedIn(events)]
}

function startIn(events: readonly Event[]): RunStarted | undefined {
  return events.find((event) => event.kind === 'run.started')
}

function finishedIn(events: readonly Event[]): TaskFinished[] {
  return events.filter((event) => event.kind === 'task.finished')
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
