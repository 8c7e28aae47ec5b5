import { seedFrom } from '../bench/random.ts'
import type { RecordedRun } from '../bench/recorded-run.ts'
import { medianRatio, spread } from '../bench/statistics.ts'
import { changePoints } from './change-points.ts'
import { differenceLines, differencesBetween } from './comparability.ts'
import { type Measure, metricName, performanceLogs } from './measure.ts'
import { type Side, sideOf } from './side.ts'

/** One run's value of a measure. */
export interface HistoryPoint {
  readonly runId: string
  readonly startedAt: string
  readonly measure: Measure
  readonly median: number
  readonly low?: number
  readonly high?: number
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
  readonly changes: readonly HistoryChange[]
}

/** Every series whose metric `isWanted`, from runs in any order. */
export function historyOf(runs: readonly RecordedRun[], isWanted: (metric: string) => boolean): Series[] {
  const ordered = runs.toSorted((one, other) => (one.startedAt < other.startedAt ? -1 : 1))
  const found = new Map<string, { point: HistoryPoint; side: Side }[]>()
  for (const run of ordered) {
    const side = sideOf(run.runId, [run])
    for (const measure of side.measures) {
      if (!isWanted(metricName(measure))) continue
      const key = `${measure.hypervisor}\n${measure.subject}\n${metricName(measure)}`
      found.set(key, [...(found.get(key) ?? []), { point: pointOf(run, measure), side }])
    }
  }
  return [...found].map(([key, entries]): Series => {
    const [host = '', subject = '', metric = ''] = key.split('\n')
    return {
      host,
      subject,
      metric,
      points: entries.map(({ point }) => point),
      changes: changesOf(entries, seedFrom(key)),
    }
  })
}

function pointOf(run: RecordedRun, measure: Measure): HistoryPoint {
  const { centre, low, high } = medianRatio(measure.values)
  return {
    runId: run.runId,
    startedAt: run.startedAt,
    measure,
    median: centre,
    ...(low === undefined || high === undefined ? {} : { low, high }),
    blocks: measure.values.length,
  }
}

function changesOf(entries: readonly { point: HistoryPoint; side: Side }[], seed: number): HistoryChange[] {
  const levels = entries.map(({ point }) => spread(performanceLogs(point.measure)).median)
  const points = changePoints(levels, seed)
  return points.flatMap(({ at, p }, index): HistoryChange[] => {
    const [before, now] = [entries[at - 1], entries[at]]
    if (before === undefined || now === undefined) return []
    const from = points[index - 1]?.at ?? 0
    const to = points[index + 1]?.at ?? levels.length
    const step = spread(levels.slice(at, to)).median - spread(levels.slice(from, at)).median
    return [
      {
        runId: now.point.runId,
        ratio: Math.exp(step),
        p,
        differences: differenceLines(
          differencesBetween(before.point.measure, now.point.measure, [before.side, now.side]),
        ),
      },
    ]
  })
}
