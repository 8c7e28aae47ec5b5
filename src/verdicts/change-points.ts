import { seededRandom } from '../bench/random.ts'
import { shuffled } from '../bench/statistics.ts'

/** Where a series changes its level. */
export interface ChangePoint {
  /** Index of the first value at the new level. */
  readonly at: number
  /** How often a shuffled series looks as different: the permutation p-value. */
  readonly p: number
}

/**
 * Chance makes a change in fewer than one of twenty series where nothing changes: 4 % as one step, 1 % as a level that came
 * and went.
 */
const levels = { step: 0.04, visit: 0.01 } as const
const permutations = 2000
/** Two values on each side: one odd run is an outlier, not a new level. */
const shortestSegment = 2
/** Of seven values one order in ten looks like the clearest step there is: chance (test/unit/verdicts/statistics.test.ts). */
export const fewestForChange = 8

/** A part of a series: from `from` up to, not including, `to`. */
interface Part {
  readonly from: number
  readonly to: number
}

interface Split extends Part {
  readonly statistic: number
}

/**
 * Changes of the level of a series, found in its ranks, so that no distribution is assumed. First one step: the
 * maximally selected rank statistic (Lausen and Schumacher, Biometrics 48, 1992). Where it finds none, a level that came and
 * went: circular binary segmentation (Olshen and others, Biostatistics 5, 2004). P-values come from seeded permutations, because formulas are far too careful for ten values. Each part is searched
 * again, and every change is placed anew between its neighbours: with two steps in a series, the first split found lies
 * anywhere between them.
 */
export function changePoints(series: readonly number[], seed = 1): ChangePoint[] {
  const random = seededRandom(seed)
  const found: ChangePoint[] = []
  const search = (from: number, to: number): void => {
    if (to - from < fewestForChange) return
    const segment = ranks(series.slice(from, to))
    const split =
      significant(segment, steps(segment.length), levels.step, random) ??
      significant(segment, visits(segment.length), levels.visit, random)
    if (split === undefined) return
    const ends = [split.from, split.to].filter((at) => at > 0 && at < segment.length).map((at) => from + at)
    found.push(...ends.map((at) => ({ at, p: split.p })))
    const limits = [from, ...ends, to]
    for (const [index, start] of limits.slice(0, -1).entries()) search(start, limits[index + 1] ?? to)
  }
  search(0, series.length)
  return placed(
    series,
    found.toSorted((one, other) => one.at - other.at),
  )
}

function placed(series: readonly number[], found: readonly ChangePoint[]): ChangePoint[] {
  const points: ChangePoint[] = []
  for (const [index, point] of found.entries()) {
    const from = points.at(-1)?.at ?? 0
    const segment = ranks(series.slice(from, found[index + 1]?.at ?? series.length))
    const split = farthest(segment, steps(segment.length))
    points.push(split === undefined ? point : { ...point, at: from + split.from })
  }
  return points
}

/** The farthest part, when chance makes as far a one in a shuffled series less often than `level`. */
function significant(
  segment: readonly number[],
  candidates: readonly Part[],
  level: number,
  random: () => number,
): (Split & { readonly p: number }) | undefined {
  const split = farthest(segment, candidates)
  if (split === undefined) return undefined
  let asLarge = 1
  for (let round = 0; round < permutations; round++) {
    if ((farthest(shuffled(segment, random), candidates)?.statistic ?? 0) >= split.statistic) asLarge++
    // It cannot become significant any more.
    if (asLarge >= level * (permutations + 1)) return undefined
  }
  return { ...split, p: asLarge / (permutations + 1) }
}

/** One step: every second part of two. */
function steps(length: number): Part[] {
  return parts(length).filter(({ from, to }) => to === length && from >= shortestSegment)
}

/** Every part with more before and behind it. */
function visits(length: number): Part[] {
  return parts(length).filter(({ from, to }) => from >= shortestSegment && to <= length - shortestSegment)
}

function parts(length: number): Part[] {
  const starts = Array.from({ length }, (_, from) => from)
  return starts.flatMap((from) =>
    Array.from({ length: Math.max(0, length - from - shortestSegment + 1) }, (_, more) => ({
      from,
      to: from + shortestSegment + more,
    })),
  )
}

/** The part whose mean rank differs most from the rest's, in standard deviations of chance. */
export function farthest(segment: readonly number[], candidates: readonly Part[]): Split | undefined {
  const { length } = segment
  const sums = [0]
  for (const [index, rank] of segment.entries()) sums.push((sums[index] ?? 0) + rank)
  let found: Split | undefined
  for (const { from, to } of candidates) {
    const size = to - from
    const excess = (sums[to] ?? 0) - (sums[from] ?? 0) - (size * (length + 1)) / 2
    const statistic = Math.abs(excess) / Math.sqrt((size * (length - size) * (length + 1)) / 12)
    if (found === undefined || statistic > found.statistic) found = { from, to, statistic }
  }
  return found
}

/** Ranks from 1; equal values share their mean rank. */
function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length
    const equal = values.filter((other) => other === value).length
    return below + (equal + 1) / 2
  })
}
