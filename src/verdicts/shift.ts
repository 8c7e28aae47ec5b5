/** How far one sample lies from another, with an exact interval. */
export interface Shift {
  /** Of two samples the median of all differences right − left (Hodges and Lehmann 1963). */
  readonly centre: number
  /** Absent when the samples are too small for the level: 3 against 3 values cannot give 95 %. */
  readonly low?: number
  readonly high?: number
  /** How surely the interval holds the true shift: at least the level that was asked for. Absent with the interval. */
  readonly coverage?: number
}

/**
 * The Hodges–Lehmann shift and the confidence interval that belongs to the Mann–Whitney test: no distribution is assumed
 * but that both have the same shape. The coverage is exact, also for four values against four, where a bootstrap is not.
 * Same numbers as R's `wilcox.test(right, left, conf.int = TRUE, exact = TRUE)`.
 */
export function shift(left: readonly number[], right: readonly number[], level: number): Shift {
  const differences = right
    .flatMap((value) => left.map((other) => value - other))
    .sort((one, other) => one - other)
  const centre = middle(differences)
  const key = `${left.length} ${right.length}`
  const below = distributions.get(key) ?? cumulativeRankSums(left.length, right.length)
  distributions.set(key, below)
  return { centre, ...cutEnds(differences, below, level) }
}

/** Fewer differences cannot give 95 %: the signs of five are all alike in one of sixteen cases. */
export const fewestPaired = 6

/**
 * The same of differences that stand in pairs: the median of the means of every two of them, each with itself as well (Walsh
 * averages), and the interval that belongs to Wilcoxon's test of signed ranks. It assumes that differences lie symmetrically
 * around the shift, as those of two that spread alike do. Same numbers as R's `wilcox.test(right, left, paired = TRUE, conf.int = TRUE,
 * exact = TRUE)`.
 */
export function pairedShift(differences: readonly number[], level: number): Shift {
  const averages = differences
    .flatMap((value, index) => differences.slice(index).map((other) => (value + other) / 2))
    .sort((one, other) => one - other)
  return { centre: middle(averages), ...cutEnds(averages, cumulativeSignedRanks(differences.length), level) }
}

/** The widest cut from each end whose two tails together stay within 1 − level. `below[u]`: P(statistic ≤ u). */
function cutEnds(
  sorted: readonly number[],
  below: readonly number[],
  level: number,
): { readonly low: number; readonly high: number; readonly coverage: number } | undefined {
  let cut = 0
  while (cut < sorted.length / 2 && 2 * (below[cut] ?? 1) <= 1 - level) cut++
  const [low, high] = [sorted[cut - 1], sorted[sorted.length - cut]]
  if (cut === 0 || low === undefined || high === undefined) return undefined
  return { low, high, coverage: 1 - 2 * (below[cut - 1] ?? 0) }
}

/** P(W ≤ w) for w = 0 … n(n + 1) ÷ 2, the sum of the ranks that have a plus when each sign is a coin toss (Wilcoxon 1945). */
function cumulativeSignedRanks(n: number): number[] {
  let sums = [1]
  for (let rank = 1; rank <= n; rank++) {
    const without = sums
    sums = Array.from(
      { length: without.length + rank },
      (_, sum) => ((without[sum] ?? 0) + (without[sum - rank] ?? 0)) / 2,
    )
  }
  let total = 0
  return sums.map((probability) => (total += probability))
}

/** By the sizes of the samples: a calibration asks for the same one thousands of times. */
const distributions = new Map<string, readonly number[]>()

/**
 * P(U ≤ u) for u = 0 … mn when both samples come from one distribution: counts the ways to choose the m ranks of one
 * sample among m + n by their sum (Mann and Whitney 1947). Probabilities, not counts, so that large samples stay exact
 * to the last digits of a double.
 */
function cumulativeRankSums(m: number, n: number): number[] {
  const most = m * n
  // ways[k][u]: share of the k-subsets of the first r ranks whose sum exceeds the smallest one by u.
  let ways = [[1]]
  for (let rank = 1; rank <= m + n; rank++) {
    const next: number[][] = []
    for (let chosen = Math.max(0, rank - n); chosen <= Math.min(m, rank); chosen++) {
      const without = ways[chosen]
      const withRank = ways[chosen - 1]
      // Of all `chosen`-subsets of `rank` ranks, chosen ÷ rank hold the last one, which adds rank − chosen.
      const share = chosen / rank
      const sums = new Array<number>(Math.min(most, chosen * (rank - chosen)) + 1).fill(0)
      for (let sum = 0; sum < sums.length; sum++)
        sums[sum] = (1 - share) * (without?.[sum] ?? 0) + share * (withRank?.[sum - (rank - chosen)] ?? 0)
      next[chosen] = sums
    }
    ways = next
  }
  let total = 0
  return (ways[m] ?? []).map((probability) => (total += probability))
}

function middle(sorted: readonly number[]): number {
  const half = (sorted.length - 1) / 2
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half)] ?? 0)) / 2
}
