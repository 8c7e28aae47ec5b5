import { z } from 'zod'
import type { RecordedRun } from '../bench/recorded-run.ts'
import { deviation, spread } from '../bench/statistics.ts'
import { firstMistake } from '../config/zod-diagnostics.ts'
import { FailureError } from '../model/failure.ts'
import { parsedJson } from '../util/json.ts'
import { differenceLines, differencesBetween } from './comparability.ts'
import { type Measure, measureKey, metricName, performanceLogs, shareTrials } from './measure.ts'
import { type Side, sideOf } from './side.ts'
import { studentUpper } from './student.ts'
import { logChange } from './verdict.ts'
import { quantities } from './vocabulary.ts'

/** Fewer runs say too little about how much runs differ. */
export const fewestRuns = 5
export const enoughRuns = 10
/** Of gates that judge all metrics of a quantity on a machine where nothing changed, the share that may be called a regression. */
const falseAlarms = 0.03
/** And the share that must pass at the first attempt; an inconclusive one is measured once more. Of one metric it is `passingAlone`. */
const passing = 0.72
const passingAlone = 0.9
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
      /** How many metrics of one quantity a gate may judge at once. Before there was this word each had a false alarm of a hundred. */
      metrics: z.number().int().positive().default(3),
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
    message: `${file} is not a calibration: ${content === undefined ? 'not JSON' : firstMistake(parsed.error, content, calibrationSchema)}.`,
    hint: 'Make it anew with `hvlab calibrate`.',
  })
}

const versionSchema = z.object({ format: z.literal('hvlab-calibration'), format_version: z.number() })

/**
 * From runs of one and the same thing. The tolerance of a metric is the larger of two: what a new pair of runs exceeds by their
 * medians so rarely that false alarms of all metrics together stay rare, which decides where runs differ more than their blocks;
 * and what most pairs of these runs need to pass, which keeps identical runs from being called inconclusive where blocks differ
 * most. The more metrics a gate judges at once, the larger it is. It holds for all guests of a host and is at least 1 %.
 * Simulated: test/unit/verdicts/false-alarms.test.ts. Throws when there are too few runs, or when they differ in more than chance.
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
  refuseCopies(sides)
  const hosts = first.benchmarks.map(({ design, environments }): [string, HostCalibration] => [
    design.hypervisor,
    {
      runs: runs.map(({ runId }) => runId),
      cpu: environments.find(({ kind }) => kind === 'native')?.cpu_model ?? '',
      blocks: design.blocks,
      duration_s: design.duration_s,
      metrics: mostOfOneQuantity(first.measures),
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

/** A run that stands there twice differs from itself by nothing, and tolerances would shrink. */
function refuseCopies(sides: readonly Side[]): void {
  for (const [index, side] of sides.entries()) {
    const copy = sides
      .slice(0, index)
      .find(({ measures }) => measures.some((one) => side.measures.some((other) => shareTrials(one, other))))
    if (copy === undefined) continue
    throw new FailureError({
      reason: 'config',
      code: 'calibration-same-trials',
      message: `The runs ${copy.label} and ${side.label} hold the same trials: they say nothing about how much runs differ.`,
      hint: 'Name each run once, and of a run that was resumed the later one only.',
    })
  }
}

function tolerancesOf(sides: readonly Side[], host: string): Record<string, number> {
  const tolerances: Record<string, number> = {}
  const all = sides[0]?.measures ?? []
  for (const measure of all) {
    if (measure.hypervisor !== host) continue
    const runs = sides.flatMap((side) => twinOf(measure, side) ?? [])
    const judged = all.filter(({ quantity }) => quantity === measure.quantity).length
    const share = Math.max(passingAlone, passing ** (1 / judged))
    const rarelyExceeded = predictionBound(
      runs.map((run) => spread(performanceLogs(run)).median),
      falseAlarms / judged,
    )
    const noise = 1 - Math.exp(-Math.max(rarelyExceeded, neededToPass(runs, share)))
    const name = metricName(measure)
    tolerances[name] = Number(Math.max(smallestTolerance, tolerances[name] ?? 0, noise).toFixed(4))
  }
  return tolerances
}

/** A gate judges one quantity, of every workload on every guest of every host. */
export function mostOfOneQuantity(measures: readonly Measure[]): number {
  return Math.max(
    0,
    ...quantities.map((wanted) => measures.filter(({ quantity }) => quantity === wanted).length),
  )
}

/**
 * By how much the second of two new values is below the first with this probability, by the spread of `values`: Student's
 * prediction bound for a difference. It assumes that runs are independent and their logarithms normal.
 */
export function predictionBound(values: readonly number[], probability: number): number {
  return studentUpper(probability, values.length - 1) * Math.SQRT2 * deviation(values)
}

/** How far below zero the intervals of this share of the differences between two of the runs reach; on the scale of logarithms. */
function neededToPass(runs: readonly Measure[], share: number): number {
  const needs = runs
    .flatMap((left, index) =>
      runs.slice(index + 1).flatMap((right) => {
        const { low, high } = logChange(left, right)
        // Either of the two could have been the baseline.
        return low === undefined || high === undefined ? [] : [-low, high]
      }),
    )
    .toSorted((one, other) => one - other)
  return needs[Math.ceil(share * needs.length) - 1] ?? 0
}

function twinOf(measure: Measure, side: Side): Measure | undefined {
  return side.measures.find((other) => measureKey(other) === measureKey(measure))
}

/** Hosts that were calibrated again replace what was known of them; others stay. */
export function merged(before: Calibration | undefined, now: Calibration): Calibration {
  return { ...before, ...now, hosts: { ...before?.hosts, ...now.hosts } }
}
