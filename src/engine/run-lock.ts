import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { RunStarted } from '../model/event.ts'
import { FailureError } from '../model/failure.ts'
import { firstLine } from '../util/first-line.ts'
import { hasJournal, journalOf } from '../util/journal-lines.ts'
import { parsedJson } from '../util/json.ts'

/**
 * A run lives while a process has its journal open and locked: the one that runs it, or one that continues it. The lock is the kernel's
 * (flock(2)), so it is gone however that process ended, and no pid is taken for another's. flock(1) locks what this process
 * has open, and ends. Where it is missing, or the file system has no locks, nobody is kept out.
 *
 * @param patienceS Longest wait, seconds.
 * @returns False when another process has the lock.
 */
export function lockJournal(descriptor: number, patienceS = 0): boolean {
  const { status } = spawnSync('flock', ['-w', String(patienceS), '-x', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
  })
  return status !== 1
}

/** Keeps others from continuing a run that this process continues, until `[Symbol.dispose]`. Throws `resume-running`. */
export function holdRun(folder: string): Disposable {
  const descriptor = openSync(journalOf(folder), 'r')
  // Whoever only asks has it for a moment, and who continues the run needs one to say so.
  if (lockJournal(descriptor, 1)) return { [Symbol.dispose]: () => closeSync(descriptor) }
  closeSync(descriptor)
  throw stillRunning(folder)
}

export function isRunning(folder: string): boolean {
  const descriptor = openSync(journalOf(folder), 'r')
  try {
    return !lockJournal(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function stillRunning(folder: string): FailureError {
  const own = livingStart(folder)
  const name = basename(folder)
  const next = continuing(folder, startOf(folder)?.runId ?? name)
  const who = (started: RunStarted | undefined): string =>
    started?.pid === undefined ? 'another process' : `process ${started.pid}`
  const end = (started: RunStarted | undefined): string =>
    `Wait until it has ended, or end it${started?.pid === undefined ? '' : ` with \`kill ${started.pid}\``}`
  return new FailureError({
    reason: 'config',
    code: 'resume-running',
    message: next
      ? `The run ${name} is being continued by ${who(next)}, as ${next.runId}.`
      : `The run ${name} is still running: ${who(own)} works on it.`,
    hint: next ? `${end(next)}; then \`--resume ${next.runId}\`.` : `${end(own)}; then --resume goes on.`,
  })
}

/** Without its pid where that process is gone: then somebody else has the lock. */
function livingStart(folder: string): RunStarted | undefined {
  const start = startOf(folder)
  return start?.pid !== undefined && existsSync(`/proc/${start.pid}`) ? start : undefined
}

/** The living run beside it that continues a run. */
function continuing(folder: string, runId: string): RunStarted | undefined {
  const results = dirname(folder)
  for (const name of readdirSync(results).sort().reverse()) {
    const other = join(results, name)
    const started = hasJournal(other) ? startOf(other) : undefined
    if (started?.resumes === runId && isRunning(other)) return started
  }
  return undefined
}

/** A run's first event; undefined for a journal that does not begin with it. */
export function startOf(folder: string): RunStarted | undefined {
  const event = parsedJson(firstLine(journalOf(folder))) as RunStarted | null | undefined
  return event?.kind === 'run.started' ? event : undefined
}
