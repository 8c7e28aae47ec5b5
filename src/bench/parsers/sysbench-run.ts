import type { RunFigures } from './self-check.ts'
import { ToolOutput } from './tool-output.ts'

/* What every sysbench test prints, of versions 1.0 and 0.4.12. */

export function sysbenchOutput(stdout: string): ToolOutput {
  return new ToolOutput(
    'sysbench',
    stdout,
    'sysbench 1.0 is needed, run with LC_ALL=C; the output is in the details',
  )
}

/** Two decimals, as sysbench prints its own; four where operations are so large that few fit into a second. */
export function perSecond(count: number, run: RunFigures): number {
  const rate = count / run.totalTimeS
  return Number(rate.toFixed(rate < 10 ? 4 : 2))
}

export function runMetrics(run: RunFigures): Record<string, number> {
  return {
    events: run.events,
    total_time_s: run.totalTimeS,
    latency_min_ms: run.latencyMs.min,
    latency_avg_ms: run.latencyMs.avg,
    latency_max_ms: run.latencyMs.max,
    ...(run.latencyMs.p95 !== undefined && { latency_p95_ms: run.latencyMs.p95 }),
    in_events_s: run.inEventsS,
  }
}

export function readRun(output: ToolOutput): RunFigures {
  const version = output.text('version', /^sysbench (\d+\.\d+(?:\.\d+)?)[:\s]/m)
  const events = output.number('total number of events', /^\s*total number of events:\s+NUMBER\s*$/m)
  const sumMs = output.optional('latency sum', /^\s*sum:\s+NUMBER\s*$/m)
  const max = output.number('latency max', /^\s*max:\s+NUMBER(?:ms)?\s*$/m)
  const p95 = output.optional(
    'latency 95th percentile',
    /^\s*(?:95th percentile|approx\.\s+95 percentile):\s+NUMBER(?:ms)?\s*$/m,
  )
  return {
    version,
    threads: output.number('number of threads', /^Number of threads:\s+NUMBER\s*$/m),
    totalTimeS: output.number('total time', /^\s*total time:\s+NUMBERs\s*$/m),
    events,
    inEventsS:
      sumMs !== undefined
        ? Number((sumMs / 1000).toFixed(6))
        : output.number('time in events', /^\s*total time taken by event execution:\s+NUMBERs?\s*$/m),
    latencyMs: {
      min: output.number('latency min', /^\s*min:\s+NUMBER(?:ms)?\s*$/m),
      avg: output.number('latency avg', /^\s*avg:\s+NUMBER(?:ms)?\s*$/m),
      max,
      // The end of a bucket of a histogram, which 1.0 makes 2 % wide. 0.4.12 puts one event into the last bucket, at 10,000 s.
      ...(p95 !== undefined && p95 <= max * 1.05 + 0.01 && { p95 }),
    },
  }
}
