import { createHash, type Hash } from 'node:crypto'
import { type Comparison, compare } from '../bench/comparison.ts'
import type { Benchmark } from '../bench/record.ts'
import { medianRatio, spread } from '../bench/statistics.ts'
import { figure, percent } from '../bench/words.ts'
import type { Metric, Workload } from '../bench/workload-file.ts'
import type { Quantity } from './vocabulary.ts'

/** One quantity of one workload on one subject: what verdicts, histories and exports are about. */
export interface Measure {
  readonly hypervisor: string
  /** The guest; for `native` the native subject. */
  readonly subject: string
  readonly workload: Workload
  readonly metric: Metric
  readonly quantity: Quantity
  /** One value a block: a share of 1 for `efficiency`, else in the metric's unit. */
  readonly values: readonly number[]
  /** The block of each value, by a name that it has in every copy of its run and no other block has. */
  readonly blocks: readonly string[]
  /** How many values there are was decided by looking at them: an interval of theirs has to be wider. */
  readonly adaptive: boolean
}

/** Every measure of a benchmark; a native side that several guests share comes once. */
export function measuresOf(benchmark: Benchmark): Measure[] {
  const seen = new Set<string>()
  const adaptive = benchmark.design.precision_percent !== null
  const nameOf = blockNames(benchmark)
  return compare(benchmark)
    .flatMap((comparison) => ofComparison(comparison, adaptive, nameOf))
    .filter((measure) => {
      const key = measureKey(measure)
      return !seen.has(key) && seen.add(key)
    })
}

function ofComparison(
  comparison: Comparison,
  adaptive: boolean,
  nameOf: (block: number) => string,
): Measure[] {
  const { hypervisor, guest, baseline, workload, metric, blocks, guestValues, native } = comparison
  const measure = (
    subject: string,
    quantity: Quantity,
    values: readonly number[],
    numbers: readonly number[],
  ): Measure => ({
    ...{ hypervisor, subject, workload, metric, quantity, values, adaptive },
    blocks: numbers.map(nameOf),
  })
  return [
    measure(
      guest,
      'efficiency',
      blocks.map(({ ratio }) => ratio),
      blocks.map(({ block }) => block),
    ),
    measure(guest, 'guest', guestValues.values, guestValues.blocks),
    measure(baseline, 'native', native.values, native.blocks),
  ]
}

/** A block is known by its trials, which a copy of the run and the run that resumed it have as well. */
function blockNames({ design: { hypervisor, seed }, samples }: Benchmark): (block: number) => string {
  const hashes = new Map<number, Hash>()
  for (const { subject, workload, block, started_at, metrics } of samples) {
    const hash = hashes.get(block) ?? createHash('sha256').update(JSON.stringify([hypervisor, seed, block]))
    hashes.set(block, hash.update(JSON.stringify([subject, workload, started_at, metrics])))
  }
  const names = new Map([...hashes].map(([block, hash]) => [block, hash.digest('hex')]))
  return (block) => names.get(block) ?? ''
}

/** The name that people type: `cpu.efficiency`. */
export function metricName({ workload, quantity }: Pick<Measure, 'workload' | 'quantity'>): string {
  return `${workload.id}.${quantity}`
}

/** The same for all values of one measure: its host, its subject and its metric. */
export function measureKey(measure: Measure): string {
  return [measure.hypervisor, measure.subject, metricName(measure)].join('\n')
}

/** Whether some of their trials are one and the same: a run, and a copy of it. */
export function shareTrials(one: Measure, other: Measure): boolean {
  return measureKey(one) === measureKey(other) && one.blocks.some((block) => other.blocks.includes(block))
}

/** Natural logarithms of performance, so that more is better whatever the metric counts. */
export function performanceLogs(measure: Measure): number[] {
  const sign = signOf(measure)
  return measure.values.map((value) => sign * Math.log(value))
}

/** The way back: the measure's value at a logarithm of performance. */
export function measureAt(measure: Measure, log: number): number {
  return Math.exp(signOf(measure) * log)
}

function signOf({ quantity, metric }: Measure): 1 | -1 {
  return quantity !== 'efficiency' && metric.better === 'lower' ? -1 : 1
}

/** The median as the report has it: of shares on a log scale, of rates and times as they are. */
export function medianOf({ quantity, values }: Measure): number {
  return quantity === 'efficiency' ? medianRatio(values).centre : spread(values).median
}

/** The unit of `values`. A share counts as 1, so that programs multiply nothing. */
export function unitOf({ quantity, metric }: Measure): string {
  return quantity === 'efficiency' ? 'share' : metric.unit
}

/** A value of the measure for people: `9.8 %`, `4,370 events/s`. */
export function writeValue({ quantity, metric }: Measure, value: number): string {
  return quantity === 'efficiency' ? percent(value * 100) : `${figure(value)} ${metric.unit}`
}
