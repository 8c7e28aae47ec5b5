import { ExitCode } from '../model/exit-code.ts'
import { FailureError } from '../model/failure.ts'
import { type History, historyOf } from '../verdicts/history.ts'
import { historyCsv, historyJson, historyText } from '../verdicts/history-text.ts'
import type { HistoryFormat } from '../verdicts/vocabulary.ts'
import type { CommandEnvironment } from './environment.ts'
import { everyMeasuredRun } from './measured.ts'
import { printData } from './print-data.ts'

export interface HistoryOptions {
  readonly host?: string
  readonly format: HistoryFormat
}

/** `hvlab history METRIC`: a workload's efficiency, or any metric, over all runs of the lab. */
export async function historyCommand(
  metric: string,
  { host, format }: HistoryOptions,
  env: Pick<CommandEnvironment, 'cwd' | 'stdout' | 'stderr'>,
): Promise<number> {
  const runs = await everyMeasuredRun(env.cwd, env.stderr)
  const wanted = metric.includes('.') ? metric : `${metric}.efficiency`
  const known = new Set<string>()
  const all = historyOf(runs, (name) => {
    known.add(name)
    return name === wanted
  })
  const series = all.filter((one) => host === undefined || one.host === host)
  if (series.length === 0) throw nothing(wanted, host, [...known], all)
  if (!printData(historyJson(series), { format }, env))
    env.stdout(format === 'csv' ? historyCsv(series) : historyText(series))
  return ExitCode.ok
}

function nothing(
  metric: string,
  host: string | undefined,
  known: readonly string[],
  series: readonly History[],
): FailureError {
  const hosts = [...new Set(series.map((one) => one.host))]
  const hint =
    known.length === 0
      ? 'No run in results/ has a benchmark yet: run `hvlab up quick`.'
      : series.length > 0
        ? `It was measured on ${hosts.join(', ')}.`
        : `Measured were ${known.join(', ')}.`
  return new FailureError({
    reason: 'config',
    code: 'metric-unknown',
    message: `No run measured ${metric}${host === undefined ? '' : ` on ${host}`}.`,
    hint,
  })
}
