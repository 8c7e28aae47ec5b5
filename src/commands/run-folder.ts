import { type Dirent, existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FailureError } from '../model/failure.ts'

/** Runs live in `results/` of the lab, one folder each, named so that they sort by time. */
export function newRunFolder(
  labDirectory: string,
  pipeline: string,
  now: Date,
): { runId: string; folder: string } {
  const results = join(labDirectory, 'results')
  attempt(results, () => mkdirSync(results, { recursive: true }))
  const stamp = now.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)
  for (let number = 1; ; number += 1) {
    const runId = `${stamp}-${pipeline}${number === 1 ? '' : `-${number}`}`
    const folder = join(results, runId)
    // Another run that started in the same second has the name: take the next one.
    if (existsSync(folder)) continue
    // Not recursive: an existing folder is somebody else's.
    if (attempt(results, () => mkdirSync(folder, { mode: 0o700 }))) return { runId, folder }
  }
}

/** Takes the folder of a run back that did not start. What has content stays. */
export function dropEmptyFolder(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder)
}

/** False when the name is taken; other mistakes of the system become words. */
function attempt(results: string, make: () => unknown): boolean {
  try {
    make()
    return true
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && isFolder(results)) return false
    const why =
      code === 'EEXIST' || code === 'ENOTDIR' ? 'it is a file' : message.replace(/^[A-Z]+: |, .*$/g, '')
    throw new FailureError(
      {
        reason: 'config',
        code: 'results-not-writable',
        message: `The folder ${results} cannot be used: ${why}.`,
        hint: 'Runs keep their journals and reports there: make it a folder that you may write, or start hvlab in another folder.',
      },
      { cause: error },
    )
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** The runs of a lab, newest first. */
export function listRuns(labDirectory: string): string[] {
  const results = join(labDirectory, 'results')
  if (!existsSync(results)) return []
  return entriesOf(results)
    .filter((entry) => entry.isDirectory() && existsSync(join(results, entry.name, 'journal.jsonl')))
    .map((entry) => entry.name)
    .sort()
    .reverse()
}

function entriesOf(results: string): Dirent[] {
  let entries: Dirent[] = []
  attempt(results, () => {
    entries = readdirSync(results, { withFileTypes: true })
  })
  return entries
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
