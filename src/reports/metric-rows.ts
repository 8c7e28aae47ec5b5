import type { Comparison, MetricComparison } from '../bench/comparison.ts'
import { figure, intervalHeading, percent, range, times } from '../bench/words.ts'

export function metricColumns(comparisons: readonly Comparison[]): string[] {
  const interval = intervalHeading(comparisons.map(({ slowdown }) => slowdown))
  return ['Workload', 'Metric', 'Native', 'Guest', 'Efficiency', 'Overhead', 'Slowdown', interval]
}

/**
 * Every metric that was compared, a row each: the headline by the clock, the same for each CPU-second of the hypervisor,
 * and the workload's others, latencies among them.
 */
export function metricRows(
  comparisons: readonly Comparison[],
  nameOf: (comparison: Comparison) => string,
): string[][] {
  return comparisons.flatMap((comparison) => {
    const { workload, perCpuSecond, others } = comparison
    const name = [workload.title, nameOf(comparison)].filter(Boolean).join(', ')
    return [
      row(name, comparison),
      ...(perCpuSecond === undefined ? [] : [row(name, perCpuSecond, ' for each CPU-second')]),
      ...others.map((other) => row(name, other)),
    ]
  })
}

function row(
  workload: string,
  { metric, native, guestValues, efficiencyPercent, overheadPercent, slowdown }: MetricComparison,
  addition = '',
): string[] {
  return [
    workload,
    `${metric.title}${addition}`,
    `${figure(native.median)} ${metric.unit}`,
    `${figure(guestValues.median)} ${metric.unit}`,
    percent(efficiencyPercent.centre),
    percent(overheadPercent.centre),
    times(slowdown.centre),
    range(slowdown.low, slowdown.high, times),
  ]
}
