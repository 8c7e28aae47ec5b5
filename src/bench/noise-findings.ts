import { type Comparison, noisy } from './comparison.ts'
import type { Finding, Rule } from './finding.ts'
import type { Benchmark, Sample } from './record.ts'
import { counted, listed, range, times } from './words.ts'

/** A guest's clock that runs at another speed than the controller's by more than this makes its rates wrong. */
const clockDrift = 0.05
/** Trials also take the time to start a process and to read the counters. */
const startSlackS = 1
/** Half-width of an interval, relative, above which a figure is only an order of magnitude. */
const wide = 0.1

/** How far the figures can be trusted. */
export const noiseFindings: Rule = (benchmark, comparisons) => {
  const measured = benchmark.samples.filter((sample) => !sample.warm_up)
  return [
    ...disturbed(benchmark, measured),
    ...unknownNoise(benchmark, measured),
    ...drift(measured),
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
  return [caution('too-few-blocks', guest, `Too few blocks for an interval: ${listed(what)}.`)]
}

function wideIntervals(guest: string, comparisons: readonly Comparison[]): Finding[] {
  const spans = comparisons.flatMap(({ workload, slowdown: { centre, low, high } }) =>
    low === undefined || high === undefined || (high - low) / 2 / centre <= wide
      ? []
      : `${workload.title} (${range(low, high, times)})`,
  )
  if (spans.length === 0) return []
  const text = `The interval of the slowdown is wider than ± 10 %: ${listed(spans)}. Read it as an order of magnitude, or measure more blocks on a quieter machine.`
  return [caution('wide-interval', guest, text)]
}

function disturbed({ design }: Benchmark, measured: readonly Sample[]): Finding[] {
  const hit = measured.filter(noisy)
  if (hit.length === 0) return []
  const reasons: Readonly<Record<string, string>> = {
    'host-cpu-pressure': `tasks on ${design.hypervisor} waited for a CPU more than 2 % of the time`,
    'guest-cpu-pressure': 'tasks in the guest waited for a CPU more than 2 % of the time',
    'host-steal': `the hypervisor below ${design.hypervisor} took more than 1 % of its CPU time`,
    'guest-steal': 'the host took more than 1 % of the guest’s CPU time',
  }
  const why = [...new Set(hit.flatMap(({ flags }) => flags))].map((flag) => reasons[flag] ?? flag)
  return [
    caution(
      'noisy-trials',
      design.hypervisor,
      `${hit.length} of ${counted(measured.length, 'trial')} had company: ${listed(why)}. They are kept; the intervals include what it did.`,
    ),
  ]
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

function drift(measured: readonly Sample[]): Finding[] {
  const drifting = measured.filter(({ noise, observed_s }) => {
    const own = noise.elapsed_s
    return (
      own !== null &&
      (own > observed_s * (1 + clockDrift) || own < observed_s * (1 - clockDrift) - startSlackS)
    )
  })
  return [...new Set(drifting.map(({ subject }) => subject))].map((subject) => {
    const count = drifting.filter((sample) => sample.subject === subject).length
    return caution(
      'clock-drift',
      subject,
      `The clock of ${subject} and the controller's disagree by more than 5 % in ${counted(count, 'trial')}: rates measured with it are wrong by as much.`,
    )
  })
}

const caution = (rule: string, about: string, text: string): Finding => ({
  rule,
  level: 'caution',
  about,
  text,
})
