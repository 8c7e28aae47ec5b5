import { type Difference, differencesBetween } from './comparability.ts'
import { type Measure, metricName, shareTrials } from './measure.ts'
import { paired, type Side } from './side.ts'
import { overdrawn, type Tolerances, toleranceOf } from './tolerance.ts'
import { type Change, changeOf, judge, overall, type Verdict } from './verdict.ts'
import type { Essential, Quantity } from './vocabulary.ts'

/** One measure on both sides. */
export interface ComparedMeasure {
  readonly left: Measure
  readonly right: Measure
  readonly change: Change
  /** A share of 1; absent without a calibration, and then there is no verdict either. */
  readonly tolerance?: number
  readonly verdict?: Verdict
}

/** Two sides, measure by measure, and what besides the figures differs. */
export interface Judgement {
  readonly left: string
  readonly right: string
  readonly measures: readonly ComparedMeasure[]
  /** Measured on the left only. */
  readonly missing: readonly Measure[]
  /** Measured on the right only, as far as the quantities were asked for. */
  readonly added: readonly Measure[]
  /** What has a trial on both sides that is one and the same: nothing to compare. */
  readonly same: readonly Measure[]
  readonly differences: readonly Difference[]
  /** Essential differences that nobody accepted: figures are shown, verdicts are not given. */
  readonly incomparable: readonly Difference[]
  /** Where tolerances are for gates of fewer metrics. */
  readonly overdrawn: readonly string[]
  /** Absent when the sides cannot be compared or a tolerance is not known. */
  readonly verdict?: Verdict
}

export interface JudgeOptions {
  readonly quantities: readonly Quantity[]
  readonly tolerances: Tolerances
  readonly accept: readonly Essential[]
}

/** Compares everything that both sides have. `left` is the baseline. */
export function compareSides(left: Side, right: Side, options: JudgeOptions): Judgement {
  const pairs = paired(left, right).filter(({ left: { quantity } }) => options.quantities.includes(quantity))
  const found = pairs.flatMap(({ left: one, right: other }) =>
    other === undefined ? [] : [[one, other] as const],
  )
  const both = found.filter(([one, other]) => !shareTrials(one, other))
  const differences = both.flatMap(([one, other]) => differencesBetween(one, other, [left, right]))
  const incomparable = differences.filter(
    ({ essential, property }) => essential && !(options.accept as readonly string[]).includes(property),
  )
  const measures = both.map(([one, other]): ComparedMeasure => {
    const change = changeOf(one, other)
    const tolerance = toleranceOf(other, options.tolerances, right)
    if (tolerance === undefined) return { left: one, right: other, change }
    const judged = incomparable.length > 0 ? {} : { verdict: judge(change, tolerance) }
    return { left: one, right: other, change, tolerance, ...judged }
  })
  const missing = pairs.filter(({ right: other }) => other === undefined).map(({ left: one }) => one)
  const verdicts = measures.flatMap(({ verdict }) => verdict ?? [])
  const limited = measures.flatMap(({ right: one, tolerance }) => (tolerance === undefined ? [] : one))
  const isJudged = incomparable.length === 0 && verdicts.length === measures.length
  return {
    left: left.label,
    right: right.label,
    measures,
    missing,
    added: right.measures.filter(
      (measure) =>
        options.quantities.includes(measure.quantity) && !pairs.some(({ right: one }) => one === measure),
    ),
    same: found.flatMap(([one, other]) => (shareTrials(one, other) ? other : [])),
    differences,
    incomparable,
    overdrawn: incomparable.length > 0 ? [] : overdrawn(limited, options.tolerances),
    ...(isJudged && {
      verdict: overall([...verdicts, ...(missing.length > 0 ? ['inconclusive' as const] : [])]),
    }),
  }
}

/** Metrics that no tolerance is known for. */
export function withoutTolerance({ measures }: Judgement): string[] {
  return [
    ...new Set(
      measures.filter(({ tolerance }) => tolerance === undefined).map(({ right }) => metricName(right)),
    ),
  ]
}
