import type { Comparison } from './comparison.ts'
import type { Benchmark } from './record.ts'
import { type Estimate, total } from './statistics.ts'

/** One layer of virtualisation: a guest against the machine that it runs on. */
export interface Layer {
  readonly hypervisor: string
  readonly guest: string
  readonly accelerator: 'kvm' | 'tcg' | 'unknown'
  readonly slowdown: Estimate
}

/** Layers inside each other, measured one by one, and their product. */
export interface Chain {
  readonly workload: Comparison['workload']
  /** Outermost first; at least two. */
  readonly layers: readonly Layer[]
  /** Product of the slowdowns; its ends are the products of the ends, so that it holds the true value at least as surely as all intervals together. */
  readonly slowdown: Estimate
  /** What each layer has of the whole, on the log scale, in percent; empty when a layer costs nothing, because then there are no parts. */
  readonly shares: readonly number[]
}

/**
 * A host of the inventory that is a guest of another one, measured as both: as a guest it says what the outer layer costs, as a
 * hypervisor what the inner one does. Factors multiply. Only for a workload that ran with the same arguments on both.
 */
export function layerChains(benchmarks: readonly Benchmark[], comparisons: readonly Comparison[]): Chain[] {
  const outer = (inner: Comparison): Comparison | undefined =>
    comparisons.find(
      (candidate) =>
        candidate.guest === inner.hypervisor &&
        candidate.hypervisor !== inner.hypervisor &&
        candidate.workload.id === inner.workload.id &&
        argvOf(benchmarks, candidate) === argvOf(benchmarks, inner),
    )
  const isInner = (comparison: Comparison): boolean =>
    !comparisons.some((other) => other.hypervisor === comparison.guest && outer(other) === comparison)
  return comparisons.filter(isInner).flatMap((innermost): Chain[] => {
    const members = [innermost]
    for (let next = outer(innermost); next !== undefined && !members.includes(next); next = outer(next))
      members.unshift(next)
    if (members.length < 2) return []
    const slowdown = product(members.map((member) => member.slowdown))
    const logs = members.map((member) => Math.log(member.slowdown.centre))
    return [
      {
        workload: innermost.workload,
        layers: members.map((member) => ({
          hypervisor: member.hypervisor,
          guest: member.guest,
          accelerator: acceleratorOf(benchmarks, member),
          slowdown: member.slowdown,
        })),
        slowdown,
        shares: logs.every((log) => log > 0) ? logs.map((log) => (log / total(logs)) * 100) : [],
      },
    ]
  })
}

function product(estimates: readonly Estimate[]): Estimate {
  const times = (read: (estimate: Estimate) => number): number =>
    Math.exp(total(estimates.map((one) => Math.log(read(one)))))
  const centre = times((one) => one.centre)
  if (estimates.some(({ low, high }) => low === undefined || high === undefined)) return { centre }
  return { centre, low: times((one) => one.low ?? one.centre), high: times((one) => one.high ?? one.centre) }
}

function argvOf(
  benchmarks: readonly Benchmark[],
  { hypervisor, workload, guest }: Comparison,
): string | undefined {
  const sample = benchmarks
    .filter(({ design }) => design.hypervisor === hypervisor)
    .flatMap(({ samples }) => samples)
    .find((candidate) => candidate.workload === workload.id && candidate.subject === guest)
  return sample && JSON.stringify(sample.argv)
}

function acceleratorOf(
  benchmarks: readonly Benchmark[],
  { hypervisor, guest }: Comparison,
): Layer['accelerator'] {
  const environments = benchmarks
    .filter(({ design }) => design.hypervisor === hypervisor)
    .flatMap((benchmark) => benchmark.environments)
  return environments.find(({ subject }) => subject === guest)?.domain?.accelerator ?? 'unknown'
}
