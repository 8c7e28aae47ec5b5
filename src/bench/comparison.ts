import type { Benchmark, Sample, Subject } from './record.ts'
import { type Estimate, inverse, medianRatio, type Spread, scaled, spread } from './statistics.ts'
import { headline, type Metric, type Workload } from './workload-file.ts'

/** One workload on one guest against the hypervisor's own figures. */
export interface Comparison {
  readonly hypervisor: string
  readonly guest: string
  readonly baseline: string
  readonly workload: Workload
  readonly metric: Metric
  readonly native: Spread
  readonly guestValues: Spread
  /** Blocks that have both values; the ratio of each is performance, so 1 = as fast as native and less is slower. */
  readonly blocks: readonly { readonly block: number; readonly ratio: number; readonly noisy: boolean }[]
  /** Share of native performance in percent. */
  readonly efficiencyPercent: Estimate
  /** How many times longer the guest takes. */
  readonly slowdown: Estimate
}

/** Workloads in the design's order, guests in theirs. A workload without a complete block is left out. */
export function compare(benchmark: Benchmark): Comparison[] {
  const { design } = benchmark
  return design.subjects
    .filter((subject) => subject.kind === 'guest')
    .flatMap((guest) => design.workloads.flatMap((workload) => compareOne(benchmark, guest, workload) ?? []))
}

function compareOne(benchmark: Benchmark, guest: Subject, workload: Workload): Comparison | undefined {
  if (guest.baseline === null) return undefined
  const metric = headline(workload)
  const native = byBlock(benchmark, guest.baseline, workload, metric)
  const inGuest = byBlock(benchmark, guest.id, workload, metric)
  const blocks = [...native].flatMap(([block, left]) => {
    const right = inGuest.get(block)
    if (right === undefined) return []
    const ratio = metric.better === 'higher' ? right.value / left.value : left.value / right.value
    return [{ block, ratio, noisy: left.noisy || right.noisy }]
  })
  if (blocks.length === 0) return undefined
  const performance = medianRatio(blocks.map(({ ratio }) => ratio))
  return {
    hypervisor: benchmark.design.hypervisor,
    guest: guest.id,
    baseline: guest.baseline,
    workload,
    metric,
    native: spread([...native.values()].map(({ value }) => value)),
    guestValues: spread([...inGuest.values()].map(({ value }) => value)),
    blocks,
    efficiencyPercent: scaled(performance, 100),
    slowdown: inverse(performance),
  }
}

/** Block to value, warm-ups left out, blocks in order. */
function byBlock(
  benchmark: Benchmark,
  subject: string,
  workload: Workload,
  metric: Metric,
): Map<number, { value: number; noisy: boolean }> {
  const measured = benchmark.samples
    .filter((sample) => !sample.warm_up && sample.subject === subject && sample.workload === workload.id)
    .sort((left, right) => left.block - right.block)
  return new Map(
    measured.flatMap((sample): [number, { value: number; noisy: boolean }][] => {
      const value = sample.metrics[metric.field]
      return value === undefined || value <= 0 ? [] : [[sample.block, { value, noisy: noisy(sample) }]]
    }),
  )
}

/** A trial that other work disturbed. */
export function noisy(sample: Sample): boolean {
  return sample.flags.length > 0
}
