import { max, median, min, sampleStandardDeviation, shuffle, sum } from 'simple-statistics'

/** A value with its interval. `low`, `high` and `level` are absent when there are too few blocks to say anything. */
export interface Estimate {
  readonly centre: number
  readonly low?: number
  readonly high?: number
  /** How surely the interval holds the true value: 0.95, or less when there are fewer than six blocks. */
  readonly level?: number
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly values: readonly number[]
}

/** Below this an interval would only pretend. */
const fewestBlocks = 3
export const nominalLevel = 0.95
/**
 * Stopping as soon as an interval is narrow favours intervals that are narrow by chance: with 95 % intervals such a
 * design covers 92 to 94 %. Computed at this level it covers 95 % again. Source: simulation, bench/coverage.mjs.
 */
export const adaptiveLevel = 0.965

export function spread(values: readonly number[]): Spread {
  const list = [...values]
  return { median: median(list), min: min(list), max: max(list), values }
}

/** Standard deviation of a sample of at least two. */
export function deviation(values: readonly number[]): number {
  return sampleStandardDeviation([...values])
}

/** Without the rounding errors of adding one after the other (Kahan). */
export function total(values: readonly number[]): number {
  return sum([...values])
}

/** The middle of ratios: 2 × and ½ × together are 1. Of at least one. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(total(values.map(Math.log)) / values.length)
}

/** A new list in random order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return shuffle([...items], random)
}

/**
 * The median of ratios on a log scale with its 95 % interval. Logs, because 2 × and ½ × are equally far from 1; for an
 * even number the middle is then a geometric mean. `adaptive`: the number of ratios depended on them.
 */
export function medianRatio(
  ratios: readonly number[],
  options: { readonly adaptive: boolean } = { adaptive: false },
): Estimate {
  const logs = ratios.map(Math.log)
  const centre = Math.exp(median(logs))
  const interval = medianInterval(logs, options.adaptive ? adaptiveLevel : nominalLevel)
  if (interval === undefined) return { centre }
  return {
    centre,
    low: Math.exp(interval.low),
    high: Math.exp(interval.high),
    level: Math.min(interval.level, nominalLevel),
  }
}

/**
 * Interval of a median from order statistics, interpolated between the two whose exact levels enclose the wanted one
 * (Hettmansperger and Sheather, Statistics & Probability Letters 4, 1986; Nyblom, ibid. 14, 1992). It assumes no
 * distribution and needs no random numbers. With fewer than six values no pair reaches 95 %: then it is the range, and
 * `level` is the range's own. Undefined below three values.
 */
export function medianInterval(
  values: readonly number[],
  wanted: number,
): { readonly low: number; readonly high: number; readonly level: number } | undefined {
  const count = values.length
  if (count < fewestBlocks) return undefined
  const sorted = [...values].sort((left, right) => left - right)
  const at = (rank: number): number => sorted[rank - 1] ?? Number.NaN
  const widest = rankLevel(count, 1)
  if (widest < wanted) return { low: at(1), high: at(count), level: widest }
  let rank = 1
  while (rankLevel(count, rank + 1) >= wanted) rank++
  const [outer, inner] = [rankLevel(count, rank), rankLevel(count, rank + 1)]
  const share = (outer - wanted) / (outer - inner)
  const inwards = ((count - rank) * share) / (rank + (count - 2 * rank) * share)
  return {
    low: (1 - inwards) * at(rank) + inwards * at(rank + 1),
    high: (1 - inwards) * at(count + 1 - rank) + inwards * at(count - rank),
    level: wanted,
  }
}

/**
 * How surely the span from the `rank`-th smallest to the `rank`-th largest of `count` values holds the true median, whatever
 * the distribution: 1 − 2·P(fewer than `rank` of `count` coin tosses are heads). Zero when the two ranks have met.
 */
export function rankLevel(count: number, rank: number): number {
  let ways = 1
  let fewer = 0
  for (let heads = 0; heads < rank; heads++) {
    fewer += ways
    ways = (ways * (count - heads)) / (heads + 1)
  }
  return Math.max(0, 1 - 2 * fewer * 0.5 ** count)
}

/** Half the interval's width on the log scale: 0.02 is about ± 2 %. Undefined without a full 95 % interval. */
export function halfWidth({ low, high, level }: Estimate): number | undefined {
  if (low === undefined || high === undefined || level === undefined || level < nominalLevel) return undefined
  return (Math.log(high) - Math.log(low)) / 2
}

/** 1 ÷ value, interval turned round. */
export function inverse(estimate: Estimate): Estimate {
  return mapped(estimate, (value) => 1 / value)
}

/** An estimate on another scale. `change` rises or falls throughout; when it falls, the ends change places. */
export function mapped(estimate: Estimate, change: (value: number) => number): Estimate {
  const { centre, low, high, level } = estimate
  if (low === undefined || high === undefined || level === undefined) return { centre: change(centre) }
  const [one, other] = [change(low), change(high)]
  return { centre: change(centre), low: Math.min(one, other), high: Math.max(one, other), level }
}
