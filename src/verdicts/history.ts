import { seedFrom } from '../bench/random.ts'
import type { RecordedRun } from '../bench/recorded-run.ts'
import { medianRatio, spread } from '../bench/statistics.ts'
import { changePoints } from './change-points.ts'
import { differenceLines, differencesBetween } from './comparability.ts'
import { type Measure, measureKey, medianOf, metricName, performanceLogs } from './measure.ts'
import { type Side, sideOf } from './side.ts'

/** One run's value of a measure. */
export interface HistoryPoint {
  readonly runId: string
  readonly startedAt: string
  readonly measure: Measure
  /** The whole of that run, around the measure. */
  readonly side: Side
  readonly median: number
  readonly low?: number
  readonly high?: number
  /** How surely the interval holds the median. */
  readonly level?: number
  readonly blocks: number
}

/** The level changed with this run. */
export interface HistoryChange {
  readonly runId: string
  /** Median performance from here on ÷ before. */
  readonly ratio: number
  readonly p: number
  /** What else changed with this run: `kernel of node1: … → …`. */
  readonly differences: readonly string[]
}

/** One measure of one host over time, oldest first. */
export interface Series {
  readonly host: string
  readonly subject: string
  readonly metric: string
  readonly points: readonly HistoryPoint[]
}

/** A series, and where its level changed. */
export interface History extends Series {
  readonly changes: readonly HistoryChange[]
}

/** Every series whose metric `isWanted`, with its changes, from runs in any order. */
export function historyOf(runs: readonly RecordedRun[], isWanted: (metric: string) => boolean): History[] {
  return seriesOf(runs, isWanted).map((series) => ({ ...series, changes: changesOf(series) }))
}

/** The series alone: changes take thousands of permutations each. */
export function seriesOf(
  runs: readonly RecordedRun[],
  isWanted: (metric: string) => boolean = () => true,
): Series[] {
  const ordered = runs.toSorted((one, other) => (one.startedAt < other.startedAt ? -1 : 1))
  const found = new Map<string, Series>()
  for (const run of ordered) {
    const side = sideOf(run.runId, [run])
    for (const measure of side.measures) {
      const metric = metricName(measure)
      if (!isWanted(metric)) continue
      const key = measureKey(measure)
      const points = [...(found.get(key)?.points ?? []), pointOf(run, measure, side)]
      found.set(key, { host: measure.hypervisor, subject: measure.subject, metric, points })
    }
  }
  return [...found.values()]
}

function pointOf(run: RecordedRun, measure: Measure, side: Side): HistoryPoint {
  const { centre: _, ...interval } = medianRatio(measure.values, measure)
  return {
    runId: run.runId,
    startedAt: run.startedAt,
    measure,
    side,
    median: medianOf(measure),
    ...interval,
    blocks: measure.values.length,
  }
}

function changesOf({ points }: Series): HistoryChange[] {
  const [first] = points
  if (first === undefined) return []
  const levels = points.map(({ measure }) => spread(performanceLogs(measure)).median)
  const found = changePoints(levels, seedFrom(measureKey(first.measure)))
  return found.flatMap(({ at, p }, index): HistoryChange[] => {
    const [before, now] = [points[at - 1], points[at]]
    if (before === undefined || now === undefined) return []
    const from = found[index - 1]?.at ?? 0
    const to = found[index + 1]?.at ?? levels.length
    const step = spread(levels.slice(at, to)).median - spread(levels.slice(from, at)).median
    return [
      {
        runId: now.runId,
        ratio: Math.exp(step),
        p,
        differences: differenceLines(
          differencesBetween(before.measure, now.measure, [before.side, now.side]),
        ),
      },
    ]
  })
}
