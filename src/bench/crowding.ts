import type { Comparison } from './comparison.ts'
import { contaminated } from './counting-samples.ts'
import type { Crowd, ScenarioName } from './crowd-record.ts'
import type { Benchmark } from './record.ts'
import { type Estimate, medianRatio, type Spread, spread, total } from './statistics.ts'
import { headline, type Metric, type Workload } from './workload-file.ts'

/** What became of a workload when several guests worked at once: all rounds of one scenario, workload and number of guests. */
export interface Crowding {
  readonly hypervisor: string
  readonly scenario: ScenarioName
  readonly workload: Workload
  readonly metric: Metric
  /** Guests at work, neighbours included. */
  readonly guests: number
  readonly rounds: number
  /** Of every guest that was measured, in every round. */
  readonly each: Spread
  /** Sum over the guests of a round, and how many times one guest alone that is; null for times and for neighbours. */
  readonly together: { readonly median: number; readonly timesAlone: number } | null
  /** (Σx)² ÷ (n Σx²) of the guests' speeds (Jain 1984), the median over rounds: 1 = all alike, 1/n = one has everything. Null for one guest. */
  readonly fairness: number | null
  /** How many times longer a guest takes than alone in the same benchmark; every guest of every round counts. */
  readonly slowdown: Estimate
  /** What it is the median of: a guest in a round each. */
  readonly slowdowns: readonly { readonly value: number; readonly noisy: boolean }[]
  readonly slowest: number
  readonly latestStartS: number | null
  /** Seconds that a trial was to take. */
  readonly trialS: number
}

/** Scenarios in the order of recording, workloads in the design's, few guests first. */
export function crowding(benchmark: Benchmark, comparisons: readonly Comparison[]): Crowding[] {
  const { crowds } = benchmark
  const scenarios = [...new Set(crowds.map(({ scenario }) => scenario))]
  return scenarios.flatMap((scenario) =>
    benchmark.design.workloads.flatMap((workload) => {
      const own = crowds.filter((crowd) => crowd.scenario === scenario && crowd.workload === workload.id)
      const sizes = [...new Set(own.map(({ samples }) => samples.length))].sort((left, right) => left - right)
      return sizes.flatMap(
        (guests) =>
          summary(
            own.filter(({ samples }) => samples.length === guests),
            { scenario, workload, guests, alone: aloneOf(comparisons, workload) },
          ) ?? [],
      )
    }),
  )
}

function aloneOf(comparisons: readonly Comparison[], workload: Workload): Map<string, number> {
  return new Map(
    comparisons
      .filter((comparison) => comparison.workload.id === workload.id)
      .map(({ guest, guestValues }) => [guest, guestValues.median]),
  )
}

function summary(
  crowds: readonly Crowd[],
  {
    scenario,
    workload,
    guests,
    alone,
  }: { scenario: ScenarioName; workload: Workload; guests: number; alone: ReadonlyMap<string, number> },
): Crowding | undefined {
  const metric = headline(workload)
  const rate = metric.better === 'higher'
  const rounds = crowds.map((crowd) =>
    crowd.samples
      .filter(({ subject }) => crowd.measured.includes(subject))
      .flatMap((sample) => {
        const { subject, metrics } = sample
        const value = metrics[metric.field]
        const own = alone.get(subject)
        if (value === undefined || value <= 0 || own === undefined) return []
        return [
          {
            value,
            speed: rate ? value : 1 / value,
            slower: rate ? own / value : value / own,
            own,
            noisy: contaminated(sample),
          },
        ]
      }),
  )
  const all = rounds.flat()
  const [first] = crowds
  if (first === undefined || all.length === 0) return undefined
  const several = first.measured.length > 1
  const skews = crowds.flatMap(({ skew_s }) => skew_s ?? [])
  return {
    hypervisor: first.hypervisor,
    scenario,
    workload,
    metric,
    guests,
    rounds: crowds.length,
    each: spread(all.map(({ value }) => value)),
    together:
      several && rate
        ? {
            median: spread(rounds.map((round) => total(round.map(({ value }) => value)))).median,
            timesAlone: spread(
              rounds.map(
                (round) =>
                  total(round.map(({ value }) => value)) /
                  (total(round.map(({ own }) => own)) / round.length),
              ),
            ).median,
          }
        : null,
    fairness: several
      ? spread(rounds.map((round) => jainIndex(round.map(({ speed }) => speed)))).median
      : null,
    slowdown: medianRatio(all.map(({ slower }) => slower)),
    slowdowns: all.map(({ slower, noisy }) => ({ value: slower, noisy })),
    slowest: Math.max(...all.map(({ slower }) => slower)),
    latestStartS: skews.length === 0 ? null : Math.max(...skews),
    trialS: Math.min(...crowds.flatMap(({ samples }) => samples.map(({ duration_s }) => duration_s))),
  }
}

/** Jain, Chiu and Hawe, DEC-TR-301 (1984). */
export function jainIndex(values: readonly number[]): number {
  return total(values) ** 2 / (values.length * total(values.map((value) => value ** 2)))
}
