import type { RecordedRun } from '../bench/recorded-run.ts'
import { csvLine } from '../util/csv.ts'

/** Every trial as one line for each of its metrics: long form, which spreadsheets and R read without help. */
export function trialsCsv(runs: readonly RecordedRun[]): string {
  const head = [
    'run',
    'host',
    'subject',
    'kind',
    'workload',
    'block',
    'order',
    'attempt',
    'warm_up',
    'started_at',
    'metric',
    'value',
    'clocksource',
    'flags',
  ]
  const rows = runs.flatMap(({ runId, benchmarks }) =>
    benchmarks.flatMap(({ samples }) =>
      samples.flatMap((sample) =>
        Object.entries(sample.metrics).map(([metric, value]) => [
          runId,
          sample.hypervisor,
          sample.subject,
          sample.kind,
          sample.workload,
          sample.block,
          sample.order + 1,
          sample.attempt,
          String(sample.warm_up),
          sample.started_at,
          metric,
          value,
          sample.clocksource ?? '',
          sample.flags.join(' '),
        ]),
      ),
    ),
  )
  return [head, ...rows].map(csvLine).join('')
}
