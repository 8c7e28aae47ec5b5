import { listed } from '../bench/words.ts'
import { FailureError } from '../model/failure.ts'
import { suggestion } from '../util/did-you-mean.ts'
import { counted } from '../util/words.ts'
import { type Calibration, type HostCalibration, mostOfOneQuantity } from './calibration.ts'
import { type Measure, metricName } from './measure.ts'
import type { Side } from './side.ts'
import { quantities } from './vocabulary.ts'

/** Where the limits of a verdict come from: the command line first, then the lab's calibration. */
export interface Tolerances {
  /** `*` or a workload's or metric's name → a share of 1. */
  readonly given: ReadonlyMap<string, number>
  readonly calibration: Calibration | undefined
}

/** Reads `--tolerance`: `5%` for everything, `cpu=3%` for a workload, `cpu.efficiency=3%` for one metric. */
export function parseTolerances(words: readonly string[]): Map<string, number> {
  return new Map(
    words.map((word): [string, number] => {
      const [, name = '*', number] =
        /^(?:([a-z0-9-]+(?:\.[a-z]+)?)=)?(\d+(?:\.\d+)?) ?%$/.exec(word.trim()) ?? []
      const value = Number(number) / 100
      const quantity = name.split('.')[1]
      const isKnown = quantity === undefined || (quantities as readonly string[]).includes(quantity)
      if (number !== undefined && isKnown && value > 0 && value < 1) return [name, value]
      throw new FailureError({
        reason: 'config',
        code: 'tolerance-invalid',
        message: `"${word}" is not a tolerance.`,
        hint: `Write a percentage between 0 and 100, for everything or by name: 5%, cpu=3%, cpu.efficiency=3%. After the dot: ${quantities.join(', ')}.`,
      })
    }),
  )
}

/** A misspelt name would leave what it was meant for to the calibration, and nobody would know. */
export function refuseUnknownNames(given: Tolerances['given'], measures: readonly Measure[]): void {
  const workloads = measures.map(({ workload }) => workload.id)
  const known = new Set(['*', ...workloads, ...measures.map(metricName)])
  const unknown = [...given.keys()].find((name) => !known.has(name))
  if (unknown === undefined || measures.length === 0) return
  throw new FailureError({
    reason: 'config',
    code: 'tolerance-invalid',
    message: `A tolerance is given for "${unknown}", and nothing that was measured is called so.`,
    hint: suggestion(unknown, known) ?? `Measured were ${[...new Set(workloads)].join(', ')}.`,
  })
}

/** A share of 1; undefined when nobody said one and the host has no calibration that fits. */
export function toleranceOf(
  measure: Measure,
  { given, calibration }: Tolerances,
  side: Side,
): number | undefined {
  const said = saidOf(measure, given)
  if (said !== undefined) return said
  const host = calibration?.hosts[measure.hypervisor]
  if (host === undefined || !holds(host, measure, side)) return undefined
  return host.tolerances[metricName(measure)]
}

/** A sentence for each number of metrics that calibrations were made for, where more are judged. `judged` have a tolerance. */
export function overdrawn(judged: readonly Measure[], { given, calibration }: Tolerances): string[] {
  const calibrated = judged.filter((measure) => saidOf(measure, given) === undefined)
  const most = mostOfOneQuantity(calibrated)
  const hosts = new Set(calibrated.map(({ hypervisor }) => hypervisor))
  const sizes = [...hosts]
    .toSorted()
    .map((host) => ({ host, metrics: calibration?.hosts[host]?.metrics ?? most }))
  const few = new Set(sizes.flatMap(({ metrics }) => (metrics < most ? metrics : [])))
  return [...few].map(
    (metrics) =>
      `The tolerances of ${listed(sizes.flatMap((size) => (size.metrics === metrics ? size.host : [])))} were made for gates of ${counted(metrics, 'metric')}, and ${most} are judged: chance calls one of them slower more often than in 3 gates of 100. Make new ones with \`hvlab calibrate\`.`,
  )
}

function saidOf(measure: Measure, given: Tolerances['given']): number | undefined {
  return given.get(metricName(measure)) ?? given.get(measure.workload.id) ?? given.get('*')
}

/** Another CPU has another noise, and so have shorter trials. */
function holds({ cpu, duration_s }: HostCalibration, { hypervisor }: Measure, side: Side): boolean {
  const benchmark = side.benchmarks.find(({ design }) => design.hypervisor === hypervisor)
  if (benchmark === undefined) return true
  const now = benchmark.environments.find(({ kind }) => kind === 'native')?.cpu_model
  return (now === undefined || now === cpu) && benchmark.design.duration_s >= duration_s
}
