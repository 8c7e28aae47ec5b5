import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type RecordedRun, readRecordedRun } from '../bench/recorded-run.ts'
import { readResultsFile } from '../bench/results-file.ts'
import { FailureError } from '../model/failure.ts'
import { hasJournal } from '../util/journal-lines.ts'
import { systemErrorText } from '../util/system-error.ts'
import { type Calibration, parseCalibration } from '../verdicts/calibration.ts'
import { namesIn, type Side, sideOf, together } from '../verdicts/side.ts'
import { parseTolerances, refuseUnknownNames, type Tolerances } from '../verdicts/tolerance.ts'
import { namedFolder, resultFolders, runFolder } from './run-folder.ts'
import type { VerdictOptions } from './verdict-options.ts'

/** What was measured, by a run's id, the path of its folder or of a results.json; without a word the newest run. */
export async function measuredRun(cwd: string, word: string | undefined): Promise<RecordedRun> {
  const path = word === undefined ? undefined : resolve(cwd, word)
  if (path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    return readResultsFile(path)
  const folder = namedFolder(cwd, word)
  return hasJournal(folder) ? readRecordedRun(folder) : readResults(cwd, folder)
}

/** What is left of a run whose journal was removed. */
function readResults(cwd: string, folder: string): Promise<RecordedRun> {
  const results = join(folder, 'results.json')
  return existsSync(results) ? readResultsFile(results) : readRecordedRun(runFolder(cwd, folder))
}

/** Several in the order of their names; without a name the newest. */
export function measuredRuns(cwd: string, words: readonly string[]): Promise<RecordedRun[]> {
  return Promise.all((words.length === 0 ? [undefined] : words).map((word) => measuredRun(cwd, word)))
}

/**
 * Every run of the lab with a benchmark, oldest first; one that was resumed is part of the run that resumed it. One that cannot be
 * read is left out, and `warn` says so: the others have their figures all the same.
 */
export async function everyMeasuredRun(cwd: string, warn: (text: string) => void): Promise<RecordedRun[]> {
  const found = await Promise.all(resultFolders(cwd).map((run) => measuredOrNothing(cwd, run, warn)))
  const runs = found.filter((run) => run !== undefined).reverse()
  const resumed = new Set(runs.map(({ resumes }) => resumes))
  return runs.filter(({ runId }) => !resumed.has(runId))
}

/** Not measured, or nothing to read its figures from: as a run that was ended before it began. */
const withoutFigures = new Set(['report-no-samples', 'journal-missing', 'journal-empty'])

async function measuredOrNothing(
  cwd: string,
  run: string,
  warn: (text: string) => void,
): Promise<RecordedRun | undefined> {
  try {
    return await measuredRun(cwd, join('results', run))
  } catch (error) {
    if (error instanceof FailureError && withoutFigures.has(error.failure.code)) return undefined
    const why = error instanceof FailureError ? error.failure.message : systemErrorText(error)
    if (why === undefined) throw error
    warn(`warning: the run ${run} is left out: ${why}\n`)
    return undefined
  }
}

/** `RUN`, `FILE`, or either with `:NAME` behind it for one host or guest. */
export async function sideNamed(cwd: string, word: string): Promise<Side> {
  const colon = word.lastIndexOf(':')
  const isWhole = colon < 1 || existsSync(resolve(cwd, word)) || existsSync(join(cwd, 'results', word))
  if (isWhole) return sideOf(word, [await measuredRun(cwd, word)])
  const [source, name] = [word.slice(0, colon), word.slice(colon + 1)]
  const run = await measuredRun(cwd, source)
  const side = sideOf(word, [run], name)
  if (side.benchmarks.length > 0) return side
  throw new FailureError({
    reason: 'config',
    code: 'side-not-found',
    message: `The run ${source} measured no host or guest "${name}".`,
    hint: `It measured ${namesIn(run).join(', ')}.`,
  })
}

/** Several sides of the same thing as one; without a word the newest run. */
export async function sidesNamed(cwd: string, words: readonly string[]): Promise<Side> {
  if (words.length === 0) {
    const run = await measuredRun(cwd, undefined)
    return sideOf(run.runId, [run])
  }
  return together(await Promise.all(words.map((word) => sideNamed(cwd, word))))
}

/** Kept with the lab's files, so that a clone of the lab gates as its origin does. */
export function calibrationFile(cwd: string): string {
  return join(cwd, 'calibration.json')
}

export function readCalibration(cwd: string): Calibration | undefined {
  const file = calibrationFile(cwd)
  return existsSync(file) ? parseCalibration(readFileSync(file, 'utf8'), file) : undefined
}

/** The command line's tolerances before the lab's. `sides`: what they are for. */
export function tolerancesFor(
  cwd: string,
  { tolerance }: Pick<VerdictOptions, 'tolerance'>,
  ...sides: readonly Side[]
): Tolerances {
  const given = parseTolerances(tolerance)
  refuseUnknownNames(
    given,
    sides.flatMap(({ measures }) => measures),
  )
  return { given, calibration: readCalibration(cwd) }
}
