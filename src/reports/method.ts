import { countingSamples } from '../bench/counting-samples.ts'
import { gateLimits } from '../bench/gates.ts'
import type { Benchmark } from '../bench/record.ts'
import { adaptiveLevel, nominalLevel } from '../bench/statistics.ts'
import { figure, limit, listed, percent, timeLimit } from '../bench/words.ts'
import { counted } from '../util/words.ts'
import type { HostResults, Results } from './results.ts'

/** How the figures came to be, in sentences: the same for HTML and Markdown. */
export function methodSentences({ hosts }: Results): string[] {
  const [first] = hosts
  if (first === undefined) return []
  return [pairing(first.benchmark), order(first.benchmark), statistics(first), noise(first.benchmark), checks]
}

function pairing({ design, environments }: Benchmark): string {
  const tools = (environments[0]?.tools ?? []).map(({ name, version }) => `${name} ${version}`)
  const threads =
    design.threads === 'vcpus' ? 'as many threads as the guest has vCPUs' : counted(design.threads, 'thread')
  const native = design.subjects.find(({ kind }) => kind === 'native')
  const cpus = native?.cpus ?? []
  const mib = design.memory_limit_by === null ? null : (native?.memory_mib ?? null)
  const memory = mib === null ? '' : ` and to its memory, ${figure(mib)} MiB (${design.memory_limit_by})`
  return `The same command ran natively and in the guest (${[...tools, threads].join(', ')}). Natively it was confined with taskset to as many CPUs as the guest has vCPUs (${cpus.length === 1 ? 'CPU' : 'CPUs'} ${listed(cpus.map(String))})${memory}, and the guests were suspended meanwhile.`
}

function order({ design, samples, stops }: Benchmark): string {
  const measured = countingSamples(samples)
  // A workload may have a length of its own.
  const lengths = [...new Set(measured.map(({ duration_s }) => duration_s))].sort(
    (left, right) => left - right,
  )
  const blocks = [...new Set(stops.map((stop) => stop.blocks))].sort((left, right) => left - right)
  const [first = design.blocks, last = first] = [blocks[0], blocks.at(-1)]
  const count = first === last ? counted(first, 'block') : `${first} to ${counted(last, 'block')}`
  const rule =
    design.precision_percent === null
      ? ''
      : ` A workload ended when the interval of its slowdown was no wider than ± ${limit(design.precision_percent / 100)}, at most after ${counted(design.blocks, 'block')}${design.budget_s === null ? '' : ` or ${timeLimit(design.budget_s)}`}.`
  return `${counted(measured.length, 'trial')} of ${listed(lengths.map(String))} s in ${count}, after a warm-up that counts for nothing. Every block holds each workload on each subject once, in an order drawn anew (seed ${design.seed}), so that a change of the machine's mood meets both sides.${rule}`
}

function statistics({ benchmark, comparisons }: HostResults): string {
  const known = comparisons.filter(({ slowdown: { level } }) => level !== undefined)
  const [fewest] = known
    .filter(({ slowdown: { level = 0 } }) => level < nominalLevel)
    .toSorted((left, right) => left.blocks.length - right.blocks.length)
  const adaptive =
    benchmark.design.precision_percent === null
      ? ''
      : `, computed at ${limit(adaptiveLevel)} because the blocks decided over their number`
  const usual = `its ${limit(nominalLevel)} interval comes from the order of the blocks (interpolated order statistics${adaptive}), which assumes no distribution`
  const interval =
    fewest === undefined
      ? usual
      : `its interval is the range of the blocks where there are fewer than six: ${counted(fewest.blocks.length, 'block')} hold the true median with ${percent((fewest.slowdown.level ?? 0) * 100)} certainty`
  return `Each block gives one ratio; the slowdown is their median on a log scale, ${interval}. Efficiency is 1 ÷ slowdown. Factors of layers multiply; percentages of overhead do not add up.`
}

function noise({ design }: Benchmark): string {
  const { psiShare, otherWorkShare, stealShare, clockDrift } = gateLimits
  return `Around every trial the kernel's counters were read, in the guest and on its hypervisor: pressure (PSI), steal, throttling, frequency, context switches, CPU-seconds, the clock and its drift. A trial that fails a gate (pressure above ${limit(psiShare)}, other work above ${limit(otherWorkShare)} of a CPU, steal above ${limit(stealShare)}, drift certainly above ${limit(clockDrift)}, throttling) is taken again, ${counted(design.most_repeats, 'time')} in all at most, and both are recorded. The gates never look at the result.`
}

const checks = `Output that does not add up is refused: events ÷ time against the rate, operations × block size against the bandwidth, time in events against threads × time, and the length that was asked for.`
