import { type Alone, aloneAt } from './alone.ts'
import type { Comparison } from './comparison.ts'
import { contaminated } from './counting-samples.ts'
import type { Crowd, ScenarioName } from './crowd-record.ts'
import type { Benchmark, Sample } from './record.ts'
import { type Estimate, geometricMean, medianRatio, type Spread, spread, total } from './statistics.ts'
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
  /**
   * Sum over the guests of a round, and how many times the work of one that is: the sum of what each does ÷ what it does alone, because
   * guests may differ by themselves. Null for times and for neighbours.
   */
  readonly together: { readonly median: number; readonly timesAlone: number } | null
  /**
   * (Σx)² ÷ (n Σx²) of the guests' speeds, each ÷ its own alone (Jain 1984), the median over rounds: 1 = all slowed down alike, 1/n = one
   * has everything. Null for one guest.
   */
  readonly fairness: number | null
  /** How many times longer the guest whose turn it is takes than alone in the same block. */
  readonly slowdown: Estimate
  /** What it is the median of: a round each. */
  readonly slowdowns: readonly { readonly value: number; readonly noisy: boolean }[]
  /** Of every guest that was measured, in every round, against its median alone. */
  readonly slowest: number
  readonly latestStartS: number | null
  /** Seconds that a trial was to take. */
  readonly trialS: number
}

/** Scenarios in the order of recording, workloads in the design's, few guests first. */
export function crowding(benchmark: Benchmark, comparisons: readonly Comparison[]): Crowding[] {
  const crowds = benchmark.crowds.filter(({ samples }) => samples.length > 1)
  const scenarios = [...new Set(crowds.map(({ scenario }) => scenario))]
  return scenarios.flatMap((scenario) =>
    benchmark.design.workloads.flatMap((workload) => {
      const own = crowds.filter((crowd) => crowd.scenario === scenario && crowd.workload === workload.id)
      const alone = aloneAt(workload, benchmark, comparisons)
      const sizes = [...new Set(own.map(({ samples }) => samples.length))].sort((left, right) => left - right)
      return sizes.flatMap(
        (guests) =>
          summary(
            own.filter(({ samples }) => samples.length === guests),
            workload,
            alone,
          ) ?? [],
      )
    }),
  )
}

/** One guest in one round. */
interface Part {
  readonly value: number
  /** The same guest alone, by its median, and how many times longer it takes now. */
  readonly own: number
  readonly slower: number
  readonly noisy: boolean
}

function summary(crowds: readonly Crowd[], workload: Workload, alone: Alone): Crowding | undefined {
  const metric = headline(workload)
  const rate = metric.better === 'higher'
  const parts = (samples: readonly Sample[], own: (guest: string) => number | undefined): Part[] =>
    samples.flatMap((sample): Part[] => {
      const value = sample.metrics[metric.field]
      const before = own(sample.subject)
      if (value === undefined || value <= 0 || before === undefined || before <= 0) return []
      const slower = rate ? before / value : value / before
      return [{ value, own: before, slower, noisy: contaminated(sample) }]
    })
  const rounds = crowds.map(({ block, measured, samples }) => {
    const guests = samples.filter(({ subject }) => measured.includes(subject))
    const before = alone.rounds.get(block)
    const [paired] = parts(
      guests.filter(({ subject }) => subject === before?.subject),
      () => before?.metrics[metric.field],
    )
    const all = parts(guests, (guest) => alone.medians.get(guest))
    const median = before === undefined ? undefined : alone.medians.get(before.subject)
    return {
      all,
      // How fast the machine was in this block, by the guest that was alone in it: the others are taken to have been so, too.
      pace: paired === undefined || median === undefined ? 1 : paired.own / median,
      factor: paired === undefined || before === undefined ? factorOf(all) : factorOf([paired], before),
    }
  })
  const all = rounds.flatMap((round) => round.all)
  const [first] = crowds
  if (first === undefined || all.length === 0) return undefined
  const several = first.measured.length > 1
  const complete = rounds.filter((round) => round.all.length > 0)
  const slowdowns = rounds.flatMap(({ factor }) => factor ?? [])
  const skews = crowds.flatMap(({ skew_s }) => skew_s ?? [])
  return {
    hypervisor: first.hypervisor,
    scenario: first.scenario,
    workload,
    metric,
    guests: first.samples.length,
    rounds: crowds.length,
    each: spread(all.map(({ value }) => value)),
    together: several && rate ? togetherIn(complete) : null,
    fairness: several
      ? spread(complete.map((round) => jainIndex(round.all.map(({ slower }) => 1 / slower)))).median
      : null,
    slowdown: medianRatio(slowdowns.map(({ value }) => value)),
    slowdowns,
    slowest: Math.max(...all.map(({ slower }) => slower)),
    latestStartS: skews.length === 0 ? null : Math.max(...skews),
    trialS: Math.min(...crowds.flatMap(({ samples }) => samples.map(({ duration_s }) => duration_s))),
  }
}

/** A round is one observation, however many guests it has: they disturb each other. */
function factorOf(parts: readonly Part[], before?: Sample): Crowding['slowdowns'][number] | undefined {
  if (parts.length === 0) return undefined
  const noisy = parts.some((part) => part.noisy) || (before !== undefined && contaminated(before))
  return { value: geometricMean(parts.map(({ slower }) => slower)), noisy }
}

/** Against each guest alone, by its median, at the pace of the block. */
function togetherIn(
  rounds: readonly { readonly all: readonly Part[]; readonly pace: number }[],
): NonNullable<Crowding['together']> {
  const sums = rounds.map(({ all, pace }) => ({
    sum: total(all.map(({ value }) => value)),
    times: total(all.map(({ slower }) => 1 / slower)) / pace,
  }))
  return {
    median: spread(sums.map(({ sum }) => sum)).median,
    timesAlone: spread(sums.map(({ times }) => times)).median,
  }
}

/** Jain, Chiu and Hawe, DEC-TR-301 (1984). */
export function jainIndex(values: readonly number[]): number {
  return total(values) ** 2 / (values.length * total(values.map((value) => value ** 2)))
}
