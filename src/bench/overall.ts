import type { Comparison } from './comparison.ts'
import { geometricMean } from './statistics.ts'

/** One guest over all workloads that it shares with the others. */
export interface Overall {
  readonly hypervisor: string
  readonly guest: string
  /** In the order of the comparisons. */
  readonly comparisons: readonly Comparison[]
  /**
   * Geometric mean of their slowdowns: the only mean of ratios that does not depend on what they are ratios to (Fleming and
   * Wallace 1986). Null for one workload.
   */
  readonly slowdown: number | null
}

/** A guest each. Means of different workloads cannot be compared, so one that a guest lacks counts for nobody. */
export function overall(comparisons: readonly Comparison[]): Overall[] {
  const key = ({ hypervisor, guest }: Comparison): string => JSON.stringify([hypervisor, guest])
  const guests = [...new Set(comparisons.map(key))].map((guest) =>
    comparisons.filter((comparison) => key(comparison) === guest),
  )
  const common = guests.map((own) => new Set(own.map(({ workload }) => workload.id)))
  return guests.flatMap((own): Overall[] => {
    const shared = own.filter(({ workload }) => common.every((ids) => ids.has(workload.id)))
    const [first] = own
    if (first === undefined) return []
    const { hypervisor, guest } = first
    const slowdowns = shared.map(({ slowdown }) => slowdown.centre)
    const slowdown = slowdowns.length < 2 ? null : geometricMean(slowdowns)
    return [{ hypervisor, guest, comparisons: shared, slowdown }]
  })
}
