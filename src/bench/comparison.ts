import { contaminated, countingSamples } from './counting-samples.ts'
import type { Benchmark, Sample, Subject } from './record.ts'
import { type Estimate, inverse, mapped, medianRatio, type Spread, spread } from './statistics.ts'
import { headline, type Metric, type Workload } from './workload-file.ts'

/** Values of one side, each with the block that it is of. */
export interface BlockValues extends Spread {
  readonly blocks: readonly number[]
}

/** One metric of a guest against the hypervisor's own. */
export interface MetricComparison {
  readonly metric: Metric
  readonly native: BlockValues
  readonly guestValues: BlockValues
  /** Blocks that have both values; the ratio of each is performance, so 1 = as fast as native and less is slower. */
  readonly blocks: readonly Block[]
  /** Share of native performance in percent. */
  readonly efficiencyPercent: Estimate
  /** How many times longer the guest takes. */
  readonly slowdown: Estimate
  /** What is lost, in percent: of a rate 100 − efficiency, of a time how much longer it is. Negative = a gain. */
  readonly overheadPercent: Estimate
}

export interface Block {
  readonly block: number
  readonly native: number
  readonly guest: number
  readonly ratio: number
  /** One of the two trials failed a gate, every time it was taken. */
  readonly noisy: boolean
}

/** One workload on one guest: its headline metric, and the rest. */
export interface Comparison extends MetricComparison {
  readonly hypervisor: string
  readonly guest: string
  readonly baseline: string
  readonly workload: Workload
  /**
   * The headline rate for each CPU-second of the hypervisor instead of each second that passed: what the work costs, whoever
   * else was on the machine. Absent for times and where CPU-seconds are not known.
   */
  readonly perCpuSecond?: MetricComparison
  /** The workload's other metrics. */
  readonly others: readonly MetricComparison[]
}

/** Workloads in the design's order, guests in theirs. A workload without a complete block is left out. */
export function compare(benchmark: Benchmark): Comparison[] {
  const { design } = benchmark
  const samples = countingSamples(benchmark.samples)
  const adaptive = design.precision_percent !== null
  return design.subjects
    .filter((subject) => subject.kind === 'guest')
    .flatMap((guest) =>
      design.workloads.flatMap((workload) => {
        const compared = compareOne(samples, guest, workload, adaptive)
        return compared === undefined ? [] : [{ hypervisor: design.hypervisor, ...compared }]
      }),
    )
}

function compareOne(
  samples: readonly Sample[],
  guest: Subject,
  workload: Workload,
  adaptive: boolean,
): Omit<Comparison, 'hypervisor'> | undefined {
  if (guest.baseline === null) return undefined
  const of = (subject: string): Sample[] =>
    samples.filter((sample) => sample.subject === subject && sample.workload === workload.id)
  const sides: Sides = { native: of(guest.baseline), guest: of(guest.id), adaptive }
  const first = headline(workload)
  const main = compareMetric(sides, first, (sample) => sample.metrics[first.field])
  if (main === undefined) return undefined
  const perCpu =
    first.better === 'higher'
      ? compareMetric(sides, { ...first, unit: perCpuUnit(first.unit) }, (sample) =>
          perCpuSecond(sample, first),
        )
      : undefined
  return {
    guest: guest.id,
    baseline: guest.baseline,
    workload,
    ...main,
    ...(perCpu !== undefined && { perCpuSecond: perCpu }),
    others: workload.metrics
      .slice(1)
      .flatMap((metric) => compareMetric(sides, metric, (sample) => sample.metrics[metric.field]) ?? []),
  }
}

interface Sides {
  readonly native: readonly Sample[]
  readonly guest: readonly Sample[]
  readonly adaptive: boolean
}

function compareMetric(
  { native, guest, adaptive }: Sides,
  metric: Metric,
  read: (sample: Sample) => number | undefined,
): MetricComparison | undefined {
  const [left, right] = [byBlock(native, read), byBlock(guest, read)]
  const blocks = [...left].flatMap(([block, ours]): Block[] => {
    const theirs = right.get(block)
    if (theirs === undefined) return []
    const ratio = metric.better === 'higher' ? theirs.value / ours.value : ours.value / theirs.value
    return [{ block, native: ours.value, guest: theirs.value, ratio, noisy: ours.noisy || theirs.noisy }]
  })
  if (blocks.length === 0) return undefined
  const performance = medianRatio(
    blocks.map(({ ratio }) => ratio),
    { adaptive },
  )
  return {
    metric,
    native: blockValues(left),
    guestValues: blockValues(right),
    blocks,
    efficiencyPercent: mapped(performance, (ratio) => ratio * 100),
    slowdown: inverse(performance),
    overheadPercent: mapped(performance, (ratio) =>
      metric.better === 'higher' ? (1 - ratio) * 100 : (1 / ratio - 1) * 100,
    ),
  }
}

/** Block to value, blocks in order. Ratios of zero or less have no logarithm: such a value is as good as none. */
function byBlock(
  samples: readonly Sample[],
  read: (sample: Sample) => number | undefined,
): Map<number, { value: number; noisy: boolean }> {
  const sorted = [...samples].sort((left, right) => left.block - right.block)
  return new Map(
    sorted.flatMap((sample): [number, { value: number; noisy: boolean }][] => {
      const value = read(sample)
      return value === undefined || value <= 0 ? [] : [[sample.block, { value, noisy: contaminated(sample) }]]
    }),
  )
}

function blockValues(values: ReturnType<typeof byBlock>): BlockValues {
  return { ...spread([...values.values()].map(({ value }) => value)), blocks: [...values.keys()] }
}

/** CPU-seconds are counted in steps of 0.01: below this a step would be more than 5 %. */
const leastCpuS = 0.2

/** Work done ÷ CPU-seconds. The work is the rate times the tool's own run time (as parsers name it), which it was divided by. */
function perCpuSecond(sample: Sample, metric: Metric): number | undefined {
  const rate = sample.metrics[metric.field]
  if (rate === undefined || sample.host_cpu_s === null || sample.host_cpu_s < leastCpuS) return undefined
  const { total_time_s, runtime_s, real_s, seconds } = sample.metrics
  return (rate * (total_time_s ?? runtime_s ?? real_s ?? seconds ?? sample.duration_s)) / sample.host_cpu_s
}

/** `events/s` → `events/CPU-s`. */
function perCpuUnit(unit: string): string {
  return unit.endsWith('/s') ? unit.replace(/\/s$/, '/CPU-s') : `${unit} ÷ CPUs used`
}
