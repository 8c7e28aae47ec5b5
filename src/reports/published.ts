import type { Comparison } from '../bench/comparison.ts'
import type { Benchmark } from '../bench/record.ts'
import { duration, figure, percent, times } from '../bench/words.ts'

/**
 * The figures that hvlab's lab was first described with: sysbench 1.0.18 with its defaults in an Ubuntu 20.04 guest of
 * 2 vCPUs under TCG, inside VirtualBox. Its text gives "96–99 % overhead" and no native figure.
 */
export const published = {
  cpu: {
    value: 52.39,
    unit: 'events/s',
    field: 'events_per_s',
    latencyAvgMs: 18.97,
    overheadPercent: [96, 97],
  },
  'memory-1k': {
    value: 179.32,
    unit: 'MiB/s',
    field: 'mib_per_s',
    operationsPerS: 183_622.55,
    overheadPercent: [98, 99],
  },
} as const

/** By workload: the commands as they were given, and those that do the same. */
const publishedAs: Readonly<Record<string, (typeof published)[keyof typeof published]>> = {
  'seed-replay-cpu': published.cpu,
  'seed-replay-memory': published['memory-1k'],
  cpu: published.cpu,
  'memory-1k': published['memory-1k'],
}

export const publishedColumns = [
  'Workload',
  'Published',
  'Guest',
  'Native',
  'Overhead as published',
  'Overhead here',
  'Slowdown here',
] as const

/** One published figure beside the guest and the host that were measured now. */
export interface AgainstPublished {
  readonly guest: string
  readonly workload: string
  readonly title: string
  readonly unit: string
  readonly published: number
  readonly measuredGuest: number
  readonly measuredNative: number
  /** Overhead as the published text counts it: 100 % − efficiency. */
  readonly publishedOverhead: string
  readonly measuredOverheadPercent: number
  readonly slowdown: number
  readonly why: string
}

/** Published was one thread; as many threads as a guest has vCPUs are another command. */
export function againstPublished(
  { samples }: Benchmark,
  comparisons: readonly Comparison[],
): AgainstPublished[] {
  return comparisons.flatMap((comparison): AgainstPublished[] => {
    const { guest, workload, metric, native, guestValues, efficiencyPercent, slowdown } = comparison
    const known = publishedAs[workload.id]
    if (known === undefined || known.field !== metric.field) return []
    const own = samples.filter((sample) => sample.workload === workload.id)
    if (own.some(({ threads }) => threads !== 1)) return []
    return [
      {
        guest,
        workload: workload.id,
        title: workload.title,
        unit: metric.unit,
        published: known.value,
        measuredGuest: guestValues.median,
        measuredNative: native.median,
        publishedOverhead: `${known.overheadPercent.join('–')} %`,
        measuredOverheadPercent: 100 - efficiencyPercent.centre,
        slowdown: slowdown.centre,
        why: 'latencyAvgMs' in known ? whyPrimes(comparison) : whyMemory(comparison),
      },
    ]
  })
}

/** Of several guests the first speaks for each workload: the others' sentences differ in figures that the table has. */
export function whyTheyDiffer(published: readonly AgainstPublished[]): string[] {
  const workloads = [...new Set(published.map(({ workload }) => workload))]
  return workloads.flatMap((id) => published.find(({ workload }) => workload === id)?.why ?? [])
}

/** 52.39 events/s of 18.97 ms each are 0.99 s of work a second: one thread, although the guest had two vCPUs. */
function whyPrimes({ guest, guestValues, slowdown, efficiencyPercent }: Comparison): string {
  const { value, latencyAvgMs } = published.cpu
  const busy = (value * latencyAvgMs) / 1000
  const ratio = guestValues.median / value
  const here =
    ratio >= 1
      ? `${guest} computes ${times(ratio)} as many`
      : `${guest} computes ${percent(ratio * 100)} of that`
  return `The published ${value} events/s are one thread at work (${value} × ${latencyAvgMs} ms = ${busy.toFixed(2)} s a second) under TCG inside VirtualBox. ${here}. No native figure was measured there, so its overhead had no denominator; here the same command ran natively on the same machine, which gives ${slowdown.centre < 1 ? `${times(1 / slowdown.centre)} faster` : `${times(slowdown.centre)} slower`}, or ${percent(100 - efficiencyPercent.centre)} overhead in the published way of counting.`
}

/** Operations per second say how long one 1 KiB write took, two clock reads included. */
function whyMemory({ guest, guestValues, slowdown, workload }: Comparison): string {
  const { value, operationsPerS } = published['memory-1k']
  const operationS = (workload.block_bytes ?? 1024) / (guestValues.median * 1024 * 1024)
  return `The published ${value} MiB/s are ${figure(operationsPerS)} writes of 1 KiB a second: ${duration(1 / operationsPerS)} each, two readings of the clock included; in ${guest} it is ${duration(operationS)}. That guest's clock source was not published, so clock and memory cannot be told apart in the figure. And percentages hide the rest: 96 % overhead is 25 × slower and 99 % is 100 ×. This run has ${times(slowdown.centre)}.`
}
