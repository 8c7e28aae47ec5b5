import { z } from 'zod'
import type { RecordedRun } from '../bench/recorded-run.ts'
import { deviation, spread } from '../bench/statistics.ts'
import { FailureError } from '../model/failure.ts'
import { parsedJson } from '../util/json.ts'
import { differenceLines, differencesBetween } from './comparability.ts'
import { type Measure, measureKey, metricName, performanceLogs } from './measure.ts'
import { shift } from './shift.ts'
import { type Side, sideOf } from './side.ts'

/** Fewer runs say too little about how much runs differ. */
export const fewestRuns = 5
export const enoughRuns = 10
/** Of all pairs of calibration runs, the share that must pass a gate with the tolerance. */
const passing = 0.9
/** No host is so quiet that less would matter: figures of tools are rounded, clocks drift. A share of 1. */
const smallestTolerance = 0.01

/**
 * `calibration.json` of a lab: how much identical runs differ on each host. Made to be kept with the lab's files. It is added to:
 * what a newer hvlab has written beside what is known here stays. A change of meaning gets a new version.
 */
const calibrationSchema = z.looseObject({
  format: z.literal('hvlab-calibration'),
  format_version: z.literal(1),
  hosts: z.record(
    z.string(),
    z.looseObject({
      runs: z.array(z.string()),
      /** What it holds for; another CPU or another length of trial has another noise. */
      cpu: z.string(),
      blocks: z.number(),
      duration_s: z.number(),
      /** Metric (`cpu.efficiency`) → how much slower may still be chance, a share of 1. */
      tolerances: z.record(z.string(), z.number().positive().max(1)),
    }),
  ),
})
export type Calibration = z.output<typeof calibrationSchema>
export type HostCalibration = Calibration['hosts'][string]

export function parseCalibration(text: string, file: string): Calibration {
  const content = parsedJson(text)
  const parsed = calibrationSchema.safeParse(content)
  if (parsed.success) return parsed.data
  const version = versionSchema.safeParse(content).data?.format_version
  if (version !== undefined && version > 1)
    throw new FailureError({
      reason: 'config',
      code: 'calibration-newer',
      message: `${file} was written by a newer hvlab: its format is ${version}, and this hvlab knows 1.`,
      hint: 'Use the newer hvlab, or move the file away and calibrate again.',
    })
  throw new FailureError({
    reason: 'config',
    code: 'calibration-invalid',
    message: `${file} is not a calibration: ${parsed.error.issues[0]?.message ?? 'unreadable'}.`,
    hint: 'Make it anew with `hvlab calibrate`.',
  })
}

const versionSchema = z.object({ format: z.literal('hvlab-calibration'), format_version: z.number() })

/**
 * From runs of one and the same thing. The tolerance of a metric is the larger of two: what one new pair of runs in a
 * hundred would exceed by their medians, which keeps false alarms rare where runs differ more than their blocks; and what
 * nine of ten pairs of these runs need to pass, which keeps identical runs from being called inconclusive where blocks differ
 * most. It holds for all guests of a host and is at least 1 %. Simulated: test/unit/verdicts/false-alarms.test.ts. Throws when there are too few runs, or when they
 * differ in more than chance.
 */
export function calibrate(runs: readonly RecordedRun[]): Calibration {
  if (runs.length < fewestRuns) {
    throw new FailureError({
      reason: 'config',
      code: 'calibration-too-few-runs',
      message: `A calibration needs ${fewestRuns} runs and better ${enoughRuns}; there ${runs.length === 1 ? 'is 1' : `are ${runs.length}`}.`,
      hint: 'Let it measure: `hvlab calibrate quick`.',
    })
  }
  const sides = runs.map((run) => sideOf(run.runId, [run]))
  const [first, ...others] = sides as [Side, ...Side[]]
  for (const other of others) refuseDifferent(first, other)
  const hosts = first.benchmarks.map(({ design, environments }): [string, HostCalibration] => [
    design.hypervisor,
    {
      runs: runs.map(({ runId }) => runId),
      cpu: environments.find(({ kind }) => kind === 'native')?.cpu_model ?? '',
      blocks: design.blocks,
      duration_s: design.duration_s,
      tolerances: tolerancesOf(sides, design.hypervisor),
    },
  ])
  return { format: 'hvlab-calibration', format_version: 1, hosts: Object.fromEntries(hosts) }
}

function refuseDifferent(first: Side, other: Side): void {
  const twins = first.measures.map((measure) => [measure, twinOf(measure, other)] as const)
  const [line] = [
    ...twins.flatMap(([measure, twin]) =>
      twin === undefined ? [`${metricName(measure)} of ${measure.subject} is missing`] : [],
    ),
    ...differenceLines(
      twins.flatMap(([measure, twin]) =>
        twin === undefined ? [] : differencesBetween(measure, twin, [first, other]),
      ),
    ),
  ]
  if (line === undefined) return
  throw new FailureError({
    reason: 'config',
    code: 'calibration-runs-differ',
    message: `The runs ${first.label} and ${other.label} are not of the same thing: ${line}.`,
    hint: 'A calibration needs runs between which nothing changed but the time.',
  })
}

function tolerancesOf(sides: readonly Side[], host: string): Record<string, number> {
  const tolerances: Record<string, number> = {}
  for (const measure of sides[0]?.measures ?? []) {
    if (measure.hypervisor !== host) continue
    const runs = sides.flatMap((side) => {
      const twin = twinOf(measure, side)
      return twin === undefined ? [] : [performanceLogs(twin)]
    })
    const rarelyExceeded = predictionBound(runs.map((logs) => spread(logs).median))
    const noise = 1 - Math.exp(-Math.max(rarelyExceeded, neededToPass(runs)))
    const name = metricName(measure)
    tolerances[name] = Number(Math.max(smallestTolerance, tolerances[name] ?? 0, noise).toFixed(4))
  }
  return tolerances
}

/**
 * How much two new values differ at most, 99 times of 100, by the spread of `values`: Student's prediction bound for a
 * difference. The quantile of t comes from its expansion (Abramowitz and Stegun 26.7.5), within 1 % from 4 degrees up.
 */
export function predictionBound(values: readonly number[]): number {
  const freedom = values.length - 1
  // The normal quantile of 0.99.
  const z = 2.326348
  const t =
    z +
    (z ** 3 + z) / (4 * freedom) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3)
  return t * Math.SQRT2 * deviation(values)
}

/** How far below zero the intervals of nine in ten differences between two of the runs reach; on the scale of logarithms. */
function neededToPass(runs: readonly (readonly number[])[]): number {
  const needs = runs
    .flatMap((left, index) =>
      runs.slice(index + 1).flatMap((right) => {
        const { low, high } = shift(left, right)
        // Either of the two could have been the baseline.
        return low === undefined || high === undefined ? [] : [-low, high]
      }),
    )
    .toSorted((one, other) => one - other)
  return needs[Math.ceil(passing * needs.length) - 1] ?? 0
}

function twinOf(measure: Measure, side: Side): Measure | undefined {
  return side.measures.find((other) => measureKey(other) === measureKey(measure))
}

/** Hosts that were calibrated again replace what was known of them; others stay. */
export function merged(before: Calibration | undefined, now: Calibration): Calibration {
  return { ...before, ...now, hosts: { ...before?.hosts, ...now.hosts } }
}
