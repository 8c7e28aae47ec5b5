import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FailureError } from '../model/failure.ts'

/** Runs live in `results/` of the lab, one folder each, named so that they sort by time. */
export function newRunFolder(
  labDirectory: string,
  pipeline: string,
  now: Date,
): { runId: string; folder: string } {
  const results = join(labDirectory, 'results')
  mkdirSync(results, { recursive: true })
  const stamp = now.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)
  for (let attempt = 1; ; attempt += 1) {
    const runId = `${stamp}-${pipeline}${attempt === 1 ? '' : `-${attempt}`}`
    const folder = join(results, runId)
    try {
      // Not recursive: an existing folder belongs to another run that started in the same second.
      mkdirSync(folder, { mode: 0o700 })
      return { runId, folder }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** The runs of a lab, newest first. */
export function listRuns(labDirectory: string): string[] {
  const results = join(labDirectory, 'results')
  if (!existsSync(results)) return []
  return readdirSync(results, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(results, entry.name, 'journal.jsonl')))
    .map((entry) => entry.name)
    .sort()
    .reverse()
}

/** The folder of a run: by id, by path, or the newest. */
export function runFolder(labDirectory: string, run: string | undefined): string {
  if (run === undefined) {
    const newest = listRuns(labDirectory)[0]
    if (newest !== undefined) return join(labDirectory, 'results', newest)
    throw new FailureError({
      reason: 'config',
      code: 'run-not-found',
      message: `There is no run in ${join(labDirectory, 'results')}.`,
      hint: 'Start one with `hvlab up`.',
    })
  }
  for (const folder of [join(labDirectory, 'results', run), resolve(labDirectory, run)]) {
    if (existsSync(join(folder, 'journal.jsonl'))) return folder
  }
  const known = listRuns(labDirectory).slice(0, 3)
  throw new FailureError({
    reason: 'config',
    code: 'run-not-found',
    message: `There is no run "${run}" in ${join(labDirectory, 'results')}.`,
    hint: known.length > 0 ? `The newest runs are: ${known.join(', ')}.` : 'Start one with `hvlab up`.',
  })
}
