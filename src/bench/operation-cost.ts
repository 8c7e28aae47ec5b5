import type { Comparison } from './comparison.ts'
import type { Benchmark } from './record.ts'
import type { Workload } from './workload-file.ts'

const mebibyte = 1024 * 1024

/** Seconds that one operation of a workload takes in one thread, or in the guest and natively; from the medians. */
export interface OperationCost {
  readonly guestS: number
  readonly nativeS: number
}

/** Undefined when the headline says nothing about single operations. */
export function operationCost(benchmark: Benchmark, comparison: Comparison): OperationCost | undefined {
  const { workload, metric, guestValues, native } = comparison
  const threads = threadsOf(benchmark, comparison)
  const secondsAt = (value: number): number | undefined => {
    if (/^(ns|nanosecs)_per_/.test(metric.field)) return value * 1e-9
    if (metric.field === 'operations_per_s') return threads / value
    if (metric.field === 'mib_per_s' && workload.block_bytes !== undefined)
      return (workload.block_bytes * threads) / (value * mebibyte)
    return undefined
  }
  const [guestS, nativeS] = [secondsAt(guestValues.median), secondsAt(native.median)]
  return guestS === undefined || nativeS === undefined ? undefined : { guestS, nativeS }
}

/** The comparison of a guest's workload that is there to explain others. */
export function explaining(
  comparisons: readonly Comparison[],
  guest: string,
  what: NonNullable<Workload['explains']>,
): Comparison | undefined {
  return comparisons.find((comparison) => comparison.guest === guest && comparison.workload.explains === what)
}

function threadsOf(benchmark: Benchmark, { guest, workload }: Comparison): number {
  const sample = benchmark.samples.find(
    ({ subject, workload: id }) => subject === guest && id === workload.id,
  )
  return sample?.threads ?? 1
}
