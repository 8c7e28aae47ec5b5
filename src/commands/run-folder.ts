import { type Dirent, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { startOf } from '../engine/run-lock.ts'
import { FailureError } from '../model/failure.ts'
import { hasJournal, journalOf } from '../util/journal-lines.ts'

/** Runs live in `results/` of the lab, one folder each, named so that they sort by time. */
export function newRunFolder(
  labDirectory: string,
  pipeline: string,
  now: Date,
): { runId: string; folder: string } {
  const results = join(labDirectory, 'results')
  // Not recursive: of a read-only file system that says that there is no such folder.
  attempt(results, () => mkdirSync(results))
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
  const journal = journalOf(folder)
  if (statSync(journal, { throwIfNoEntry: false })?.size === 0) rmSync(journal)
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

/** The folders in `results/`, newest first. */
export function resultFolders(labDirectory: string): string[] {
  const results = join(labDirectory, 'results')
  if (!existsSync(results)) return []
  return entriesOf(results)
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .reverse()
}

/** Those that are runs: they have a journal. */
export function listRuns(labDirectory: string): string[] {
  return resultFolders(labDirectory).filter((name) => hasJournal(join(labDirectory, 'results', name)))
}

function entriesOf(results: string): Dirent[] {
  let entries: Dirent[] = []
  attempt(results, () => {
    entries = readdirSync(results, { withFileTypes: true })
  })
  return entries
}

/** The folder of a run with its journal: by id, by path, or the newest that began. */
export function runFolder(labDirectory: string, run: string | undefined): string {
  const folder = namedFolder(labDirectory, run)
  if (hasJournal(folder)) return folder
  // Throws when this user may not look into it.
  const hasResults = readdirSync(folder).includes('results.json')
  throw new FailureError({
    reason: 'config',
    code: 'journal-missing',
    message: `There is no journal.jsonl in ${folder}, so what the run did is not known.`,
    hint: hasResults
      ? 'Its figures are in results.json there: `hvlab compare`, `gate`, `history` and `export` read it.'
      : newestRuns(labDirectory),
  })
}

/** The folder of a run, also without its journal. */
export function namedFolder(labDirectory: string, run: string | undefined): string {
  const results = join(labDirectory, 'results')
  if (run === undefined) {
    const [newest = listRuns(labDirectory)[0]] = begun(labDirectory, 1)
    if (newest !== undefined) return join(results, newest)
    throw new FailureError({
      reason: 'config',
      code: 'run-not-found',
      message: `There is no run in ${results}.`,
      hint: 'Start one with `hvlab up`.',
    })
  }
  const places = [join(results, run), resolve(labDirectory, run)]
  const folder = places.find(hasJournal) ?? places.find(isFolder)
  if (folder !== undefined && run !== '') return folder
  throw new FailureError({
    reason: 'config',
    code: 'run-not-found',
    message: `There is no run "${run}" in ${results}.`,
    hint: newestRuns(labDirectory),
  })
}

function newestRuns(labDirectory: string): string {
  const known = begun(labDirectory, 3)
  return known.length > 0 ? `The newest runs are: ${known.join(', ')}.` : 'Start one with `hvlab up`.'
}

/** The newest that did something. */
function begun(labDirectory: string, count: number): string[] {
  const found: string[] = []
  for (const run of listRuns(labDirectory)) {
    if (found.length === count) break
    if (startOf(join(labDirectory, 'results', run)) !== undefined) found.push(run)
  }
  return found
}
