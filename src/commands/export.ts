import type { RecordedRun } from '../bench/recorded-run.ts'
import { ExitCode } from '../model/exit-code.ts'
import { FailureError } from '../model/failure.ts'
import { reportMarkdown } from '../reports/markdown.ts'
import { openMetrics } from '../reports/openmetrics.ts'
import { resultsOf } from '../reports/results.ts'
import { resultsJson } from '../reports/results-json.ts'
import { trialsCsv } from '../reports/trials-csv.ts'
import { type ExportFormat, exportFormats } from '../verdicts/vocabulary.ts'
import type { CommandEnvironment } from './environment.ts'
import { everyMeasuredRun, measuredRuns } from './measured.ts'

/** `hvlab export FORMAT [RUN…]`: figures for other programs, on stdout. A verdict's JUnit is `hvlab gate --format junit`. */
export async function exportCommand(
  word: string,
  names: readonly string[],
  all: boolean,
  env: Pick<CommandEnvironment, 'cwd' | 'stdout' | 'stderr'>,
): Promise<number> {
  const format = exportFormats.find((known) => known === word)
  if (format === undefined) throw unknownFormat(word)
  const runs = all ? await everyMeasuredRun(env.cwd, env.stderr) : await measuredRuns(env.cwd, names)
  env.stdout(written(runs, format))
  return ExitCode.ok
}

function written(runs: readonly RecordedRun[], format: ExportFormat): string {
  switch (format) {
    case 'openmetrics':
      return openMetrics(runs)
    case 'csv':
      return trialsCsv(runs)
    case 'json':
      // One document a line for several runs: a program reads them one by one.
      return runs
        .map((run) => `${JSON.stringify(resultsJson(resultsOf(run)), null, runs.length === 1 ? 2 : 0)}\n`)
        .join('')
    case 'markdown':
      return runs.map((run) => reportMarkdown(resultsOf(run))).join('\n')
  }
}

function unknownFormat(word: string): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'export-format',
    message: `There is no export as ${word}.`,
    hint: `Known are ${exportFormats.join(', ')}; a verdict as JUnit is \`hvlab gate --format junit\`.`,
  })
}
