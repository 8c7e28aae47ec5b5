import type { Comparison } from './comparison.ts'
import type { Finding, Rule } from './finding.ts'
import type { Benchmark } from './record.ts'
import { duration, listed, times } from './words.ts'

/** Clock sources that a hypervisor emulates as a device: every read leaves the guest. */
const emulated: ReadonlySet<string> = new Set(['hpet', 'acpi_pm', 'pit', 'jiffies'])

/** How much worse the small blocks must look before a cause is looked for. */
const suspicious = 2

const mebibyte = 1024 * 1024

/**
 * `sysbench memory` reads the clock twice around every operation. With 1 KiB blocks that is most of the work, so a
 * guest whose clock is an emulated device looks far slower than its memory is. Source: sysbench 1.0.20,
 * src/tests/memory/sb_memory.c and sb_event_start/stop.
 */
export const clockFindings: Rule = (benchmark, comparisons) =>
  pairs(comparisons).flatMap(([small, large]): Finding[] => {
    if (small.slowdown.centre < suspicious * large.slowdown.centre) return []
    const contrast = `${small.workload.title} look ${times(small.slowdown.centre)} slower in ${small.guest}, and ${large.workload.title} only ${times(large.slowdown.centre)}`
    const sources = clocksources(benchmark, small)
    if (sources.length === 0) {
      return [
        finding(
          'clock-source-unknown',
          small,
          `${contrast}. The guest's clock source was not recorded, so the cause is not named here.`,
        ),
      ]
    }
    const reads = small.workload.clock_reads_per_operation ?? 0
    if (!sources.every((source) => emulated.has(source))) {
      return [
        finding(
          'small-blocks-slow',
          small,
          `${contrast}. The guest's clock source is ${listed(sources)}, which is not an emulated device, so clock reads do not explain it.`,
        ),
      ]
    }
    return [
      finding(
        'clock-bound-operations',
        small,
        `${contrast}: the difference is the clock, not the memory. The guest reads its time from ${listed(sources)}, a device that is emulated, and sysbench reads the clock ${reads} times around every operation. ${cost(small, large, reads, threadsOf(benchmark, small))} Read the figure for ${large.workload.title} as the speed of memory.`,
      ),
    ]
  })

/**
 * What one clock read costs at most: the time of a small operation less the time its bytes take at the large blocks'
 * rate. The tool's own loop is in the rest, hence "at most".
 */
function cost(small: Comparison, large: Comparison, reads: number, threads: number): string {
  const bytes = (small.workload.block_bytes ?? 0) * threads
  const inGuestS = bytes / (small.guestValues.median * mebibyte)
  const nativeS = bytes / (small.native.median * mebibyte)
  const movingS = bytes / (large.guestValues.median * mebibyte)
  return `An operation takes ${duration(inGuestS)} in the guest and ${duration(nativeS)} natively; moving its bytes accounts for ${duration(movingS)} of it, which leaves at most ${duration((inGuestS - movingS) / reads)} for each clock read.`
}

function threadsOf(benchmark: Benchmark, { guest, workload }: Comparison): number {
  return (
    benchmark.samples.find((sample) => sample.subject === guest && sample.workload === workload.id)
      ?.threads ?? 1
  )
}

/** Workloads of one guest that move blocks of different sizes with one tool: smallest against largest. */
function pairs(comparisons: readonly Comparison[]): [Comparison, Comparison][] {
  const groups = new Map<string, Comparison[]>()
  for (const comparison of comparisons) {
    const { workload, metric } = comparison
    if (
      workload.block_bytes === undefined ||
      !workload.clock_reads_per_operation ||
      metric.field !== 'mib_per_s'
    )
      continue
    const key = `${comparison.guest} ${workload.parser}`
    groups.set(key, [...(groups.get(key) ?? []), comparison])
  }
  return [...groups.values()].flatMap((group): [Comparison, Comparison][] => {
    const sorted = [...group].sort(
      (left, right) => (left.workload.block_bytes ?? 0) - (right.workload.block_bytes ?? 0),
    )
    const [small, large] = [sorted[0], sorted.at(-1)]
    return small === undefined || large === undefined || small === large ? [] : [[small, large]]
  })
}

/** Evidence from the trials themselves: a kernel may change its clock source while it runs. */
function clocksources(benchmark: Benchmark, { guest, workload }: Comparison): string[] {
  const seen = benchmark.samples
    .filter((sample) => sample.subject === guest && sample.workload === workload.id && !sample.warm_up)
    .map((sample) => sample.clocksource)
  return seen.includes(null) ? [] : [...new Set(seen.filter((source) => source !== null))]
}

function finding(rule: string, { guest }: Comparison, text: string): Finding {
  return { rule, level: rule === 'clock-bound-operations' ? 'caution' : 'fact', about: guest, text }
}
