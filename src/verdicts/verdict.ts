import { nominalLevel } from '../bench/statistics.ts'
import { type Measure, performanceLogs } from './measure.ts'
import type { Shift } from './shift.ts'
import { shift } from './shift.ts'

/**
 * `pass`: the whole interval of the change is better than −tolerance. `regression`: the whole interval is worse.
 * `inconclusive`: it holds the limit, or there is no interval.
 */
export type Verdict = 'pass' | 'regression' | 'inconclusive'

/** Ratio of performance, right ÷ left: 1 = no change, less = slower. */
export interface Change extends Shift {}

export function changeOf(left: Measure, right: Measure): Change {
  const { centre, low, high, coverage } = logChange(left, right)
  return {
    centre: Math.exp(centre),
    ...(low === undefined || high === undefined || coverage === undefined
      ? {}
      : { low: Math.exp(low), high: Math.exp(high), coverage }),
  }
}

/**
 * Where runs end when their intervals are narrow, the blocks decided over their number: asked for 95 %, the interval of a change
 * covers 93.6 to 95.8 % in simulation, asked for this it covers 95.0 to 96.8 % (node bench/coverage.mjs).
 */
const adaptiveLevel = 0.96

/** The change on the scale of logarithms. */
export function logChange(left: Measure, right: Measure): Shift {
  const level = left.adaptive || right.adaptive ? adaptiveLevel : nominalLevel
  const change = shift(performanceLogs(left), performanceLogs(right), level)
  return change.coverage === undefined || level === nominalLevel
    ? change
    : { ...change, coverage: nominalLevel }
}

/** `tolerance`: a share of 1, e.g. 0.03. */
export function judge({ low, high }: Change, tolerance: number): Verdict {
  if (low === undefined || high === undefined) return 'inconclusive'
  if (high < 1 - tolerance) return 'regression'
  return low >= 1 - tolerance ? 'pass' : 'inconclusive'
}

/** The whole is as good as its worst part; nothing measured proves nothing. */
export function overall(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('regression')) return 'regression'
  return verdicts.length === 0 || verdicts.includes('inconclusive') ? 'inconclusive' : 'pass'
}
