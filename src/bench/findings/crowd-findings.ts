import { counted } from '../../util/words.ts'
import { contaminated } from '../counting-samples.ts'
import { type Crowding, crowding } from '../crowding.ts'
import type { Benchmark } from '../record.ts'
import type { Estimate } from '../statistics.ts'
import { intervalHeading, listed, percent, range, times } from '../words.ts'
import type { Finding, Rule } from './finding.ts'
import { failedGates } from './noise-findings.ts'

/** Below this the guests of a round did not get alike. */
const fair = 0.95
/** Part of a trial that guests may begin after the first. */
const lateShare = 0.1

/** What guests cost each other, and what could not be measured. */
export const crowdFindings: Rule = (benchmark, comparisons) => [
  ...notMeasured(benchmark),
  ...crowding(benchmark, comparisons).flatMap((cell) => [cost(cell), ...unfair(cell), ...late(cell)]),
  ...disturbed(benchmark),
]

/** Guests that one reason kept out are one sentence. */
function notMeasured({ skipped }: Benchmark): Finding[] {
  return skipped.flatMap((one): Finding[] => {
    const { hypervisor, guest, what, why } = one
    const alike = skipped.filter((other) => guest !== null && other.guest !== null && other.why === why)
    if (alike.length > 1 && alike[0] !== one) return []
    const who =
      alike.length > 1
        ? `The guests ${listed(alike.flatMap(({ guest }) => guest ?? []))} were`
        : `${what} was`
    const text = `${who} not measured on ${hypervisor}: ${why}.`
    return [{ rule: 'not-measured', level: 'fact', about: hypervisor, text }]
  })
}

function disturbed({ design, crowds }: Benchmark): Finding[] {
  const host = design.hypervisor
  const samples = crowds.flatMap((crowd) => crowd.samples)
  const hit = samples.filter(contaminated)
  if (hit.length === 0) return []
  const text = `${hit.length} of ${counted(samples.length, 'trial')} in rounds of guests failed a gate: ${failedGates(host, hit)}. A round is not taken again for that.`
  return [{ rule: 'contaminated-rounds', level: 'caution', about: host, text }]
}

/** `Computing primes in 2 guests at once on node1`. */
function what({ hypervisor, scenario, workload, guests }: Crowding): string {
  const company =
    scenario === 'neighbour'
      ? `beside ${counted(guests - 1, 'busy neighbour')}`
      : `in ${guests} guests at once`
  return `${workload.title} ${company} on ${hypervisor}`
}

function cost(cell: Crowding): Finding {
  const { hypervisor, scenario, slowdown, together, slowest } = cell
  const sentences = [
    `${what(cell)}: a guest takes ${times(slowdown.centre)} as long as alone, ${times(slowest)} at worst.`,
    ...certainty(slowdown),
    ...(together === null ? [] : [`Together they do ${times(together.timesAlone)} the work of one.`]),
  ]
  return {
    rule: scenario === 'neighbour' ? 'neighbour-cost' : 'contention-cost',
    level: 'fact',
    about: hypervisor,
    text: sentences.join(' '),
  }
}

function certainty(slowdown: Estimate): string[] {
  const { low, high } = slowdown
  if (low === undefined || high === undefined) return ['Too few rounds for an interval.']
  const unclear = low <= 1 && high >= 1 ? ' and holds 1: company is not shown to change anything' : ''
  return [`The ${intervalHeading([slowdown])} is ${range(low, high, times)}${unclear}.`]
}

function unfair(cell: Crowding): Finding[] {
  const { hypervisor, guests, fairness } = cell
  if (fairness === null || fairness >= fair) return []
  const text = `${what(cell)}: they did not get alike (Jain's index ${fairness.toFixed(2)}; 1 is alike, ${(1 / guests).toFixed(2)} is one alone).`
  return [{ rule: 'contention-unfair', level: 'caution', about: hypervisor, text }]
}

function late(cell: Crowding): Finding[] {
  const { hypervisor, latestStartS, trialS } = cell
  if (latestStartS === null || latestStartS <= trialS * lateShare) return []
  const text = `${what(cell)}: the last began ${latestStartS.toFixed(2)} s after the first, ${percent((latestStartS / trialS) * 100)} of a trial, in which others were alone.`
  return [{ rule: 'contention-skew', level: 'caution', about: hypervisor, text }]
}
