import type { Benchmark } from '../bench/record.ts'
import type { RecordedRun } from '../bench/recorded-run.ts'
import { type Measure, measureKey, measuresOf, metricName } from './measure.ts'

/** One side of a comparison: a run, part of one, or several runs of the same thing pooled. */
export interface Side {
  /** As people named it. */
  readonly label: string
  readonly benchmarks: readonly Benchmark[]
  readonly measures: readonly Measure[]
}

/** Host and guest names that a side may be narrowed to. */
export function namesIn(run: RecordedRun): string[] {
  const names = run.benchmarks.flatMap(({ design }) => [
    design.hypervisor,
    ...design.subjects.filter(({ kind }) => kind === 'guest').map(({ id }) => id),
  ])
  return [...new Set(names)]
}

/** A side of whole runs, or of one host or guest of them. Blocks of several runs are put together. */
export function sideOf(label: string, runs: readonly RecordedRun[], only?: string): Side {
  const benchmarks = runs
    .flatMap((run) => run.benchmarks)
    .flatMap((benchmark) => narrowed(benchmark, only) ?? [])
  return { label, benchmarks, measures: pooled(benchmarks.flatMap(measuresOf)) }
}

/** Sides put together, their blocks in one pool. */
export function together(sides: readonly Side[]): Side {
  const benchmarks = sides.flatMap((side) => side.benchmarks)
  return {
    label: sides.map(({ label }) => label).join(' + '),
    benchmarks,
    measures: pooled(benchmarks.flatMap(measuresOf)),
  }
}

function narrowed(benchmark: Benchmark, only: string | undefined): Benchmark | undefined {
  const { design } = benchmark
  if (only === undefined || design.hypervisor === only) return benchmark
  const guest = design.subjects.find(({ id, kind }) => kind === 'guest' && id === only)
  if (guest === undefined) return undefined
  const subjects = design.subjects.filter(({ id }) => id === guest.id || id === guest.baseline)
  return { ...benchmark, design: { ...design, subjects } }
}

function pooled(measures: readonly Measure[]): Measure[] {
  const found = new Map<string, Measure>()
  for (const measure of measures) {
    const key = measureKey(measure)
    const before = found.get(key)
    found.set(key, before === undefined ? measure : added(before, measure))
  }
  return [...found.values()]
}

/** A block counts once, though its run be named twice. */
function added(before: Measure, measure: Measure): Measure {
  const isNew = (_: unknown, index: number): boolean => !before.blocks.includes(measure.blocks[index] ?? '')
  return {
    ...before,
    values: [...before.values, ...measure.values.filter(isNew)],
    blocks: [...before.blocks, ...measure.blocks.filter(isNew)],
    adaptive: before.adaptive || measure.adaptive,
  }
}

/** The same measure on both sides; undefined on the right when it was not measured there. */
export interface MeasurePair {
  readonly left: Measure
  readonly right: Measure | undefined
}

/**
 * Pairs by host, subject and metric. When a side has only one host, or only one guest, its name does not matter: then
 * hosts, or images, are what is compared.
 */
export function paired(left: Side, right: Side): MeasurePair[] {
  const anyHost = count(left, 'hypervisor') === 1 && count(right, 'hypervisor') === 1
  const anyGuest = count(left, 'subject') === 1 && count(right, 'subject') === 1
  return left.measures.map((measure) => ({
    left: measure,
    right: right.measures.find(
      (other) =>
        metricName(other) === metricName(measure) &&
        (anyHost || other.hypervisor === measure.hypervisor) &&
        (measure.quantity === 'native'
          ? other.subject === measure.subject || anyGuest
          : anyGuest || other.subject === measure.subject),
    ),
  }))
}

function count({ measures }: Side, name: 'hypervisor' | 'subject'): number {
  const guests = measures.filter(({ quantity }) => quantity === 'efficiency')
  return new Set(guests.map((measure) => measure[name])).size
}
