import { max, median, min, quantileSorted, sampleWithReplacement, shuffle } from 'simple-statistics'
import { seededRandom } from './random.ts'

/** A value with its interval. `low` and `high` are absent when there are too few blocks to say. */
export interface Estimate {
  readonly centre: number
  readonly low?: number
  readonly high?: number
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly values: readonly number[]
}

/** Below this an interval would only pretend. */
const fewestBlocks = 3
const resamples = 10_000

export function spread(values: readonly number[]): Spread {
  const list = [...values]
  return { median: median(list), min: min(list), max: max(list), values }
}

/** A new list in random order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return shuffle([...items], random)
}

/**
 * The median of ratios on a log scale, with a 95 % percentile bootstrap over the ratios (blocks are resampled whole).
 * Logs, because 2 × and ½ × are equally far from 1; for an even number the middle is then a geometric mean.
 */
export function medianRatio(ratios: readonly number[], seed: number): Estimate {
  const logs = ratios.map(Math.log)
  const centre = Math.exp(median(logs))
  if (ratios.length < fewestBlocks) return { centre }
  const random = seededRandom(seed)
  const medians = Array.from({ length: resamples }, () =>
    median(sampleWithReplacement(logs, logs.length, random)),
  ).sort((left, right) => left - right)
  return {
    centre,
    low: Math.exp(quantileSorted(medians, 0.025)),
    high: Math.exp(quantileSorted(medians, 0.975)),
  }
}

/**
 * How surely the range from the smallest to the largest of n values holds the true median, whatever the distribution:
 * 1 − 2·(½)ⁿ. With few blocks a bootstrap interval is nearly that range, so this is the honest thing to print.
 */
export function rangeCoverage(count: number): number {
  return 1 - 2 * 0.5 ** count
}

/** 1 ÷ value, interval turned round. */
export function inverse(estimate: Estimate): Estimate {
  return {
    centre: 1 / estimate.centre,
    ...(estimate.low !== undefined && estimate.high !== undefined
      ? { low: 1 / estimate.high, high: 1 / estimate.low }
      : {}),
  }
}

export function scaled(estimate: Estimate, factor: number): Estimate {
  return {
    centre: estimate.centre * factor,
    ...(estimate.low !== undefined && estimate.high !== undefined
      ? { low: estimate.low * factor, high: estimate.high * factor }
      : {}),
  }
}
