import { counted } from '../../util/words.ts'
import type { Comparison } from '../comparison.ts'
import { contaminated, countingSamples } from '../counting-samples.ts'
import { type Flag, gateLimits } from '../gates.ts'
import type { Benchmark, Sample, Stop } from '../record.ts'
import { halfWidth, spread } from '../statistics.ts'
import { limit, listed, percent, range, timeLimit, times } from '../words.ts'
import type { Finding, Rule } from './finding.ts'

/** Half-width of an interval, relative, above which a figure is only an order of magnitude. */
const wide = 0.1

/** How far the figures can be trusted. */
export const noiseFindings: Rule = (benchmark, comparisons) => {
  const measured = benchmark.samples.filter((sample) => !sample.warm_up)
  return [
    ...disturbed(benchmark, measured),
    ...unknownNoise(benchmark, measured),
    ...drift(benchmark.design, measured),
    ...stoppedEarly(benchmark, comparisons),
    ...[...new Set(comparisons.map(({ guest }) => guest))].flatMap((guest) => {
      const own = comparisons.filter((comparison) => comparison.guest === guest)
      return [...tooFew(guest, own), ...wideIntervals(guest, own)]
    }),
  ]
}

function tooFew(guest: string, comparisons: readonly Comparison[]): Finding[] {
  const few = comparisons.filter(({ slowdown }) => slowdown.low === undefined)
  if (few.length === 0) return []
  const what = few.map(
    ({ workload, blocks }) => `${workload.title} (${counted(blocks.length, 'complete block')})`,
  )
  return [caution('too-few-blocks', guest, `Too few blocks for an interval of ${guest}: ${listed(what)}.`)]
}

function wideIntervals(guest: string, comparisons: readonly Comparison[]): Finding[] {
  const spans = comparisons.flatMap(({ workload, slowdown: { centre, low, high } }) =>
    low === undefined || high === undefined || (high - low) / 2 / centre <= wide
      ? []
      : `${workload.title} (${range(low, high, times)})`,
  )
  if (spans.length === 0) return []
  const text = `The interval of ${guest}'s slowdown is wider than ± ${limit(wide)}: ${listed(spans)}. Read it as an order of magnitude, or measure more blocks on a quieter machine.`
  return [caution('wide-interval', guest, text)]
}

function disturbed({ design, environments }: Benchmark, measured: readonly Sample[]): Finding[] {
  const hit = measured.filter(contaminated)
  if (hit.length === 0) return []
  const host = design.hypervisor
  const again = measured.filter(({ attempt }) => attempt > 1).length
  const left = countingSamples(measured).filter(contaminated).length
  const repeated = again === 0 ? '' : ` ${again} ${again === 1 ? 'was' : 'were'} taken again.`
  const outcome =
    left === 0
      ? 'The figures are made of clean trials only.'
      : `Contaminated in the end: ${left}; they are kept, and the intervals include what disturbed them.`
  return [
    {
      rule: 'contaminated-trials',
      level: left === 0 ? 'fact' : 'caution',
      about: host,
      text: `${hit.length} of ${counted(measured.length, 'trial')} failed a gate: ${failedGates(host, hit)}.${repeated} ${outcome}${noCpuLeft(design, environments, hit)}`,
    },
  ]
}

/** QEMU has threads of its own, and whoever measures works, too. */
function noCpuLeft(
  { subjects, hypervisor }: Benchmark['design'],
  environments: Benchmark['environments'],
  hit: readonly Sample[],
): string {
  const cpus = environments.find(({ kind }) => kind === 'native')?.cpus_online
  const pressed = new Set(
    hit.flatMap(({ subject, flags }) => (flags.includes('host-cpu-pressure' satisfies Flag) ? subject : [])),
  )
  const full = subjects.filter(
    ({ id, kind, vcpus }) => kind === 'guest' && cpus !== undefined && vcpus >= cpus && pressed.has(id),
  )
  if (full.length === 0) return ''
  return ` ${listed(full.map(({ id }) => id))} ${full.length === 1 ? 'has' : 'have'} as many vCPUs as ${hypervisor} has CPUs: QEMU's other threads and what measures share them, which alone can make tasks wait.`
}

/** Which gates contaminated trials failed, in words. */
export function failedGates(host: string, hit: readonly Sample[]): string {
  const reasons: Readonly<Record<Flag, string>> = {
    'host-cpu-pressure': `tasks on ${host} waited for a CPU more than ${limit(gateLimits.psiShare)} of the time`,
    'guest-cpu-pressure': `tasks in the guest waited for a CPU more than ${limit(gateLimits.psiShare)} of the time`,
    'host-memory-pressure': `tasks on ${host} waited for memory more than ${limit(gateLimits.psiShare)} of the time`,
    'guest-memory-pressure': `tasks in the guest waited for memory more than ${limit(gateLimits.psiShare)} of the time`,
    'host-other-work': `other work on ${host} took more than ${limit(gateLimits.otherWorkShare)} of a CPU`,
    'guest-other-work': `other work in the guest took more than ${limit(gateLimits.otherWorkShare)} of a CPU`,
    'host-steal': `the hypervisor below ${host} took CPUs away for more than ${limit(gateLimits.stealShare)} of the time`,
    'guest-steal': `the host took CPUs away from the guest for more than ${limit(gateLimits.stealShare)} of the time`,
    'host-throttled': `a CPU quota or heat slowed ${host} down`,
    'guest-throttled': 'a CPU quota or heat slowed the guest down',
    'clock-drift': `a clock ran more than ${limit(gateLimits.clockDrift)} faster or slower than the controller’s`,
  }
  const flags = [...new Set(hit.flatMap((sample) => sample.flags))]
  return listed(flags.map((flag) => (flag in reasons ? reasons[flag as Flag] : flag)))
}

function unknownNoise({ design }: Benchmark, measured: readonly Sample[]): Finding[] {
  const blind = measured.filter(
    ({ noise, hypervisor_noise }) => (hypervisor_noise ?? noise).psi_cpu_s === null,
  )
  if (blind.length === 0) return []
  return [
    caution(
      'noise-not-known',
      design.hypervisor,
      `${design.hypervisor}'s kernel shows no CPU pressure (/proc/pressure/cpu), so nobody knows whether other work disturbed ${counted(blind.length, 'trial')}.`,
    ),
  ]
}

/** A clock that runs wrong does so in all trials; one that only seems to was compared by lines that came late. */
function drift({ hypervisor }: Benchmark['design'], measured: readonly Sample[]): Finding[] {
  const drifting = measured.filter(({ flags }) => flags.includes('clock-drift' satisfies Flag))
  return [...new Set(drifting.map(({ subject }) => subject))].map((subject) => {
    const all = measured.filter((sample) => sample.subject === subject)
    const own = drifting.filter((sample) => sample.subject === subject)
    const most = Math.max(...own.map(({ clock_drift }) => Math.abs(clock_drift ?? 0)))
    const middle = Math.abs(spread(all.flatMap(({ clock_drift }) => clock_drift ?? [])).median)
    const error = spread(all.flatMap(({ clock_drift_uncertainty }) => clock_drift_uncertainty ?? [])).median
    const name = own.some(({ kind }) => kind === 'native') ? hypervisor : subject
    const disagree = `The clock of ${name} and the controller's disagree in ${own.length} of ${counted(all.length, 'trial')}, by up to ${percent(most * 100)}`
    return middle - error > gateLimits.clockDrift
      ? caution('clock-drift', name, `${disagree}: rates measured with it are wrong by as much.`)
      : caution(
          'clock-compared-badly',
          name,
          `${disagree}. In the middle of all of them it is ${percent(middle * 100)}, and the comparison has an error of ± ${percent(error * 100)}: in those trials the clock jumped, or the lines that tell its time came late.`,
        )
  })
}

/** Workloads that ended before their interval was as narrow as was asked. */
function stoppedEarly({ design, stops }: Benchmark, comparisons: readonly Comparison[]): Finding[] {
  const { precision_percent, budget_s, hypervisor } = design
  if (precision_percent === null) return budgetSpent(design, stops)
  const wide = stops
    .filter(({ reason }) => reason !== 'precise')
    .map((stop) => `${titleOf(design, stop)} (${reached(stop, comparisons)})`)
  if (wide.length === 0) return []
  const budget = stops.some(({ reason }) => reason === 'budget')
  const why =
    budget && budget_s !== null
      ? `the time budget of ${timeLimit(budget_s)} was spent`
      : 'all blocks were measured'
  return [
    caution(
      'not-precise',
      hypervisor,
      `The intervals asked for are no wider than ± ${limit(precision_percent / 100)}, and ${why} before that: ${listed(wide)}.`,
    ),
  ]
}

function budgetSpent(design: Benchmark['design'], stops: readonly Stop[]): Finding[] {
  const [stop] = stops.filter(({ reason }) => reason === 'budget')
  if (stop === undefined || design.budget_s === null) return []
  const text = `The time budget of ${timeLimit(design.budget_s)} was spent after ${stop.blocks} of ${counted(design.blocks, 'block')}.`
  return [caution('budget-spent', design.hypervisor, text)]
}

/** `± 3.1 % after 20 blocks`: the widest over the guests. */
function reached({ workload, blocks }: Stop, comparisons: readonly Comparison[]): string {
  const halves = comparisons
    .filter((comparison) => comparison.workload.id === workload)
    .map(({ slowdown }) => halfWidth(slowdown))
  const known = halves.filter((half) => half !== undefined)
  const after = `after ${counted(blocks, 'block')}`
  if (known.length === 0 || known.length < halves.length) return `no interval ${after}`
  return `± ${percent((Math.exp(Math.max(...known)) - 1) * 100)} ${after}`
}

const titleOf = ({ workloads }: Benchmark['design'], { workload }: Stop): string =>
  workloads.find(({ id }) => id === workload)?.title ?? workload

const caution = (rule: string, about: string, text: string): Finding => ({
  rule,
  level: 'caution',
  about,
  text,
})
