import { intervalHeading, listed } from '../bench/words.ts'
import type { Value } from '../model/value.ts'
import { plainData } from '../util/json.ts'
import { printable } from '../util/printable.ts'
import { textTable } from '../util/text-table.ts'
import type { Fleet, FleetDeviation } from './fleet.ts'
import { metricName } from './measure.ts'
import { paragraphs, signedPercent, signedRange, toleranceText } from './words.ts'

const positions = {
  low: 'slower',
  high: 'faster',
  inside: 'alike',
  'not-low': 'alike or faster',
  undecided: 'not decided',
} as const

/** The operator's answer in one sentence. */
export function fleetHeadline({ hosts, metrics, verdict }: Fleet): string {
  const all = metrics.flatMap(({ deviations }) => deviations)
  const slow = all.filter(({ position }) => position === 'low')
  const names = [...new Set(slow.map(({ measure }) => measure.hypervisor))]
  const fast = [
    ...new Set(all.flatMap(({ position, measure }) => (position === 'high' ? measure.hypervisor : []))),
  ]
  const faster = fast.length === 0 ? '' : ` Faster in something: ${listed(fast)}.`
  if (verdict === undefined) return `${hosts.length} hosts beside each other; no verdict without a tolerance.`
  if (verdict === 'regression') {
    const by = names.map(
      (host) =>
        `${host} (${listed(slow.filter(({ measure }) => measure.hypervisor === host).map(({ measure, ratio }) => `${metricName(measure)} ${signedPercent(ratio.centre)}`))})`,
    )
    return printable(
      `${names.length} of ${hosts.length} hosts slower than the fleet: ${listed(by)}.${faster}`,
    )
  }
  if (verdict === 'inconclusive') {
    const open = [
      ...new Set(all.flatMap((one) => (one.position === 'undecided' ? one.measure.hypervisor : []))),
    ]
    return printable(
      `No host is shown to be slower, and not all are shown not to be: ${listed(open)} may be.${faster}`,
    )
  }
  return printable(
    all.every(({ position }) => position === 'inside')
      ? `All ${hosts.length} hosts perform alike, within tolerance.`
      : `No host of ${hosts.length} is slower than the fleet.${faster}`,
  )
}

export function fleetText(fleet: Fleet): string {
  const interval = intervalHeading(
    fleet.metrics.flatMap(({ deviations }) => deviations.map(({ ratio }) => ratio)),
  )
  const table = textTable(
    ['metric', 'fleet', 'host', 'against the fleet', interval, 'tolerance', ''],
    fleet.metrics.flatMap(({ metric, median, deviations }) =>
      deviations.map((deviation, index) => row(index === 0 ? [metric, median] : ['', ''], deviation)),
    ),
  )
  const notes = [...fleet.differences.map((line) => `Hosts differ: ${line}.`), ...fleet.overdrawn].map(
    printable,
  )
  return paragraphs([[fleetHeadline(fleet)], table, notes])
}

function row(head: readonly string[], { measure, ratio, tolerance, position }: FleetDeviation): string[] {
  const where =
    measure.quantity === 'native' ? measure.hypervisor : `${measure.hypervisor}/${measure.subject}`
  return [
    ...head,
    printable(where),
    signedPercent(ratio.centre),
    signedRange(ratio.low, ratio.high),
    // Hosts that are faster are named, too.
    toleranceText(tolerance, '± '),
    position === undefined ? '' : positions[position],
  ]
}

export function fleetJson(fleet: Fleet, exitCode: number): Value {
  return plainData({
    format: 'hvlab-fleet',
    format_version: 1,
    exit_code: exitCode,
    run: fleet.runId,
    verdict: fleet.verdict ?? null,
    sentence: fleetHeadline(fleet),
    hosts: fleet.hosts,
    differences: fleet.differences,
    notes: fleet.overdrawn,
    metrics: fleet.metrics.map(({ metric, median, deviations }) => ({
      metric,
      median,
      deviations: deviations.map(({ measure, ratio, tolerance, position }) => ({
        host: measure.hypervisor,
        subject: measure.subject,
        ratio,
        tolerance: tolerance ?? null,
        position: position ?? null,
      })),
    })),
  })
}
