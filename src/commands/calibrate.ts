import { rename, writeFile } from 'node:fs/promises'
import { contaminated, countingSamples } from '../bench/counting-samples.ts'
import type { RecordedRun } from '../bench/recorded-run.ts'
import { ExitCode } from '../model/exit-code.ts'
import { printable } from '../util/printable.ts'
import { textTable } from '../util/text-table.ts'
import { counted } from '../util/words.ts'
import { type Calibration, calibrate, enoughRuns, merged } from '../verdicts/calibration.ts'
import { toleranceText } from '../verdicts/words.ts'
import type { CommandEnvironment } from './environment.ts'
import { calibrationFile, measuredRuns, readCalibration } from './measured.ts'
import { printData } from './print-data.ts'
import type { RunOptions } from './run-options.ts'
import { runPipeline } from './run-pipeline.ts'

export interface CalibrateOptions extends RunOptions {
  /** How often to measure. */
  readonly runs: number
  /** Runs that exist already: nothing is measured then. */
  readonly from: readonly string[]
}

/** `hvlab calibrate`: how much identical runs differ on each host, into calibration.json of the lab. */
export async function calibrateCommand(
  pipeline: string,
  options: CalibrateOptions,
  env: CommandEnvironment,
): Promise<number> {
  // A file that is damaged is told now, not after hours.
  readCalibration(env.cwd)
  const runIds = [...options.from]
  while (options.from.length === 0 && runIds.length < options.runs) {
    env.stderr(`calibration: run ${runIds.length + 1} of ${options.runs}\n`)
    const { exitCode, runId } = await runPipeline({ name: pipeline }, { ...options, check: false }, env)
    if (exitCode !== ExitCode.ok || runId === undefined) return exitCode
    runIds.push(runId)
  }
  const runs = await measuredRuns(env.cwd, runIds)
  const calibration = calibrate(runs)
  const file = calibrationFile(env.cwd)
  // Another calibration may have ended meanwhile.
  const both = merged(readCalibration(env.cwd), calibration)
  await writeFile(`${file}.new`, `${JSON.stringify(both, null, 2)}\n`)
  await rename(`${file}.new`, file)
  if (printData(calibration, options, env)) return ExitCode.ok
  env.stdout(calibrationText(calibration, runs, file))
  return ExitCode.ok
}

function calibrationText({ hosts }: Calibration, runs: readonly RecordedRun[], file: string): string {
  const rows = Object.entries(hosts).flatMap(([host, { tolerances }]) =>
    Object.entries(tolerances).map(([metric, tolerance]) => [
      printable(`${host}: ${metric}`),
      toleranceText(tolerance),
    ]),
  )
  const most = Math.max(...Object.values(hosts).map(({ metrics }) => metrics))
  const notes = [
    ...(runs.length < enoughRuns
      ? [`${runs.length} runs are few: ${enoughRuns} know the noise better.`]
      : []),
    ...disturbance(runs),
  ].map((note) => `${note}\n`)
  return `${runs.length} identical runs: in gates of ${counted(most, 'metric')} being slower by this much can be chance:\n\n${textTable(['metric', 'tolerance'], rows).join('\n')}\n\n${notes.join('')}${file}\n`
}

/** Tolerances of a machine that was not quiet are wide, and a gate with them finds little. */
function disturbance(runs: readonly RecordedRun[]): string[] {
  const trials = runs.flatMap(({ benchmarks }) =>
    benchmarks.flatMap(({ samples }) => countingSamples(samples)),
  )
  const hit = trials.filter(contaminated).length
  return hit <= trials.length / 10
    ? []
    : [
        `${hit} of ${counted(trials.length, 'trial')} failed a gate: these are the tolerances of a machine that was not quiet.`,
      ]
}
