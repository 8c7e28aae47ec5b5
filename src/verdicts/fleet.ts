import type { RecordedRun } from '../bench/recorded-run.ts'
import { type Estimate, medianRatio, spread } from '../bench/statistics.ts'
import { differenceLines, differencesBetween } from './comparability.ts'
import { type Measure, measureAt, metricName, performanceLogs, writeValue } from './measure.ts'
import { type Side, sideOf } from './side.ts'
import { overdrawn, type Tolerances, toleranceOf } from './tolerance.ts'
import { overall, type Verdict } from './verdict.ts'
import type { Quantity } from './vocabulary.ts'

/**
 * One measure of one host against the fleet. `low`: the whole interval is below the fleet's median by more than the
 * tolerance; `high`: above it; `inside`; `not-low`: inside or above; `undecided`: it may be low, or there is no interval.
 */
export interface FleetDeviation {
  readonly measure: Measure
  /** Performance of the host ÷ the fleet's median. */
  readonly ratio: Estimate
  /** A share of 1. */
  readonly tolerance?: number
  readonly position?: Position
}

type Position = 'low' | 'high' | 'inside' | 'not-low' | 'undecided'

/** A metric over all hosts; guests of one number on their hosts are put together under the metric's name. */
export interface FleetMetric {
  readonly metric: string
  /** For people, with its unit. */
  readonly median: string
  /** Farthest from the median first. */
  readonly deviations: readonly FleetDeviation[]
}

export interface Fleet {
  readonly runId: string
  readonly hosts: readonly string[]
  readonly metrics: readonly FleetMetric[]
  /** In what hosts differ besides their figures, against the first host. */
  readonly differences: readonly string[]
  /** Where tolerances are for gates of fewer metrics. */
  readonly overdrawn: readonly string[]
  /** Absent when a tolerance is not known. */
  readonly verdict?: Verdict
}

/** A median of fewer hosts is one of the hosts themselves, and says nothing about a fleet. */
export const fewestHosts = 3

/**
 * How each host of a run stands to the median of all hosts' medians. The fleet's median is taken as it is, a fact about
 * these hosts; the interval is that of the host's own blocks.
 */
export function fleetOf(run: RecordedRun, quantities: readonly Quantity[], tolerances: Tolerances): Fleet {
  const side = sideOf(run.runId, [run])
  const hosts = [...new Set(side.measures.map(({ hypervisor }) => hypervisor))]
  const measures = side.measures.filter(({ quantity }) => quantities.includes(quantity))
  const names = [...new Set(measures.map(metricName))]
  const metrics = names.map((name) =>
    metricOf(
      name,
      measures.filter((measure) => metricName(measure) === name),
      side,
      tolerances,
    ),
  )
  const positions = metrics.flatMap(({ deviations }) => deviations.map(({ position }) => position))
  const known = positions.filter((position) => position !== undefined)
  const verdict =
    known.length < positions.length ? undefined : overall(known.map((position) => verdictOf[position]))
  return {
    runId: run.runId,
    hosts,
    metrics,
    differences: fleetDifferences(side, measures),
    overdrawn: overdrawn(
      metrics.flatMap(({ deviations }) =>
        deviations.flatMap(({ measure, tolerance }) => (tolerance === undefined ? [] : measure)),
      ),
      tolerances,
    ),
    ...(verdict === undefined ? {} : { verdict }),
  }
}

function metricOf(
  name: string,
  measures: readonly Measure[],
  side: Side,
  tolerances: Tolerances,
): FleetMetric {
  const medians = measures.map((measure) => spread(performanceLogs(measure)).median)
  const fleet = spread(medians).median
  const [first] = measures
  const deviations = measures.map((measure): FleetDeviation => {
    const ratio = medianRatio(
      performanceLogs(measure).map((log) => Math.exp(log - fleet)),
      measure,
    )
    const tolerance = toleranceOf(measure, tolerances, side)
    return tolerance === undefined
      ? { measure, ratio }
      : { measure, ratio, tolerance, position: positionOf(ratio, tolerance) }
  })
  return {
    metric: name,
    median: first === undefined ? '' : writeValue(first, measureAt(first, fleet)),
    deviations: deviations.toSorted(
      (one, other) => Math.abs(Math.log(other.ratio.centre)) - Math.abs(Math.log(one.ratio.centre)),
    ),
  }
}

function positionOf({ low, high }: FleetDeviation['ratio'], tolerance: number): Position {
  if (low === undefined || high === undefined) return 'undecided'
  if (high < 1 - tolerance) return 'low'
  if (low > 1 + tolerance) return 'high'
  if (low < 1 - tolerance) return 'undecided'
  return high <= 1 + tolerance ? 'inside' : 'not-low'
}

/** A host that is faster is no reason to refuse it; one that is slower is. */
const verdictOf: Readonly<Record<Position, Verdict>> = {
  low: 'regression',
  high: 'pass',
  inside: 'pass',
  'not-low': 'pass',
  undecided: 'inconclusive',
}

function fleetDifferences(side: Side, measures: readonly Measure[]): string[] {
  const found = measures.flatMap((measure) => {
    const first = measures.find(
      (other) => metricName(other) === metricName(measure) && other.hypervisor !== measure.hypervisor,
    )
    return first === undefined || measures.indexOf(first) > measures.indexOf(measure)
      ? []
      : differencesBetween(first, measure, [side, side])
  })
  return differenceLines(found)
}
