import { nominalLevel } from '../bench/statistics.ts'
import { type Measure, performanceLogs } from './measure.ts'
import { fewestPaired, pairedShift, type Shift, shift } from './shift.ts'

/**
 * `pass`: the whole interval of the change is better than −tolerance. `regression`: the whole interval is worse.
 * `inconclusive`: it holds the limit, or there is no interval.
 */
export type Verdict = 'pass' | 'regression' | 'inconclusive'

/** What an interval is of: differences within blocks that both sides share, or blocks that have nothing to do with each other. */
export type Pairing = 'paired' | 'independent'

/** Ratio of performance, right ÷ left: 1 = no change, less = slower. */
export interface Change extends Shift {
  readonly pairing: Pairing
  /** Blocks of which both sides have a trial. */
  readonly sharedBlocks: number
}

export function changeOf(left: Measure, right: Measure): Change {
  const { centre, low, high, coverage, pairing, sharedBlocks } = logChange(left, right)
  return {
    centre: Math.exp(centre),
    pairing,
    sharedBlocks,
    ...(low === undefined || high === undefined || coverage === undefined
      ? {}
      : { low: Math.exp(low), high: Math.exp(high), coverage }),
  }
}

/**
 * Where runs end when their intervals are narrow, the blocks decided over their number: asked for 95 %, the interval of a change
 * covers 92.6 to 96.0 % in simulation, asked for this it covers 94.2 to 97.2 % (node bench/coverage.mjs).
 */
const adaptiveLevel = 0.96

/**
 * The change on the scale of logarithms. Trials of one block stood next to each other, and guests share its native one: what
 * disturbed it moved both, and drops out of their difference. Which design it is depends on the blocks, never on the figures.
 */
export function logChange(left: Measure, right: Measure): Change {
  const level = left.adaptive || right.adaptive ? adaptiveLevel : nominalLevel
  const [before, now] = [performanceLogs(left), performanceLogs(right)]
  const own = new Map(left.blocks.map((block, index) => [block, before[index] ?? Number.NaN]))
  const differences = right.blocks.flatMap((block, index) => {
    const other = own.get(block)
    return other === undefined ? [] : [(now[index] ?? Number.NaN) - other]
  })
  const sharedBlocks = differences.length
  const isPaired = sharedBlocks >= fewestPaired && 2 * sharedBlocks > Math.max(before.length, now.length)
  const change = isPaired ? pairedShift(differences, level) : shift(before, now, level)
  return {
    ...change,
    ...(change.coverage !== undefined && level !== nominalLevel && { coverage: nominalLevel }),
    pairing: isPaired ? 'paired' : 'independent',
    sharedBlocks,
  }
}

/** `tolerance`: a share of 1, e.g. 0.03. */
export function judge({ low, high }: Shift, tolerance: number): Verdict {
  if (low === undefined || high === undefined) return 'inconclusive'
  if (high < 1 - tolerance) return 'regression'
  return low >= 1 - tolerance ? 'pass' : 'inconclusive'
}

/** The whole is as good as its worst part; nothing measured proves nothing. */
export function overall(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('regression')) return 'regression'
  return verdicts.length === 0 || verdicts.includes('inconclusive') ? 'inconclusive' : 'pass'
}
