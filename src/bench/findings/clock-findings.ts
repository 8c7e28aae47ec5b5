import { clockSources, emulatedClocks } from '../clock-sources.ts'
import type { Comparison } from '../comparison.ts'
import { explaining, type OperationCost, operationCost } from '../operation-cost.ts'
import type { Benchmark } from '../record.ts'
import { duration, listed, percent, times } from '../words.ts'
import type { Finding, Rule } from './finding.ts'

/** How much worse the small blocks must look before a cause is looked for. */
const suspicious = 2

/** Share of an operation from which on it is called clock-bound. */
const mostly = 0.5

/**
 * `sysbench memory` reads the clock twice around every operation. With 1 KiB blocks that is most of the work, so a
 * guest whose clock is an emulated device looks far slower than its memory is. Source: sysbench 1.0.20,
 * src/tests/memory/sb_memory.c and sb_event_start/stop. Seen by small blocks beside large ones of the same tool, or where
 * there is only one size by what two readings cost.
 */
export const clockFindings: Rule = (benchmark, comparisons) => {
  const contrasted = pairs(comparisons)
  const explained = new Set(contrasted.map(([{ guest, workload }]) => `${guest} ${workload.parser}`))
  const readingsOf = ({ guest }: Comparison) => explaining(comparisons, guest, 'clock')
  return [
    ...contrasted.flatMap(([small, large]) => byBlockSize(benchmark, small, large, readingsOf(small))),
    ...comparisons
      .filter(({ guest, workload }) => !explained.has(`${guest} ${workload.parser}`))
      .flatMap((comparison) => byReadings(benchmark, comparison, readingsOf(comparison))),
  ]
}

function byBlockSize(
  benchmark: Benchmark,
  small: Comparison,
  large: Comparison,
  clock: Comparison | undefined,
): Finding[] {
  if (small.slowdown.centre < suspicious * large.slowdown.centre) return []
  // Where it is not slower nothing looks so, and beside what is faster than native everything does.
  if (small.slowdown.centre <= 1 || (large.slowdown.high ?? large.slowdown.centre) < 1) return []
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
  if (!sources.every((source) => emulatedClocks.has(source))) {
    return [
      finding(
        'small-blocks-slow',
        small,
        `${contrast}. The guest's clock source is ${listed(sources)}, which is not an emulated device, so the clock is an unlikely cause.`,
      ),
    ]
  }
  const measured = readings(benchmark, small, clock)
  if (measured === undefined) {
    return [
      finding(
        'clock-bound-operations',
        small,
        `${contrast}, which points at the clock, not the memory. The guest reads its time from ${listed(sources)}, a device that is emulated, and ${small.workload.tool} reads the clock ${reads} times around every operation. ${cost(benchmark, small, large, reads)} The workload clock measures that. Read the figure for ${large.workload.title} as the speed of memory.`,
      ),
    ]
  }
  const bound = byReadings(benchmark, small, clock)
  if (bound.length > 0) return bound
  const { whole, guestS } = measured
  return [
    finding(
      'small-blocks-slow',
      small,
      `${contrast}. Reading the clock from ${listed(sources)}, a device that is emulated, does not explain it: an operation takes ${duration(whole.guestS)} in the guest, and with next to nothing between the readings ${duration(guestS)}.`,
    ),
  ]
}

interface Readings {
  /** A whole operation, and one with next to nothing between its clock readings, in the guest and natively. */
  readonly whole: OperationCost
  readonly guestS: number
  readonly nativeS: number
}

/** What an operation's clock readings take, by a workload that does next to nothing but read the clock twice. */
function readings(
  benchmark: Benchmark,
  comparison: Comparison,
  clock: Comparison | undefined,
): Readings | undefined {
  const reads = comparison.workload.clock_reads_per_operation ?? 0
  const whole = operationCost(benchmark, comparison)
  const pair = clock === undefined ? undefined : operationCost(benchmark, clock)
  if (reads === 0 || whole === undefined || pair === undefined) return undefined
  return { whole, guestS: (pair.guestS / 2) * reads, nativeS: (pair.nativeS / 2) * reads }
}

/** An operation reads the clock as often, so what the readings take of it is known, not concluded. */
function byReadings(benchmark: Benchmark, comparison: Comparison, clock: Comparison | undefined): Finding[] {
  const measured = readings(benchmark, comparison, clock)
  if (measured === undefined || measured.guestS < mostly * measured.whole.guestS) return []
  const { whole, guestS, nativeS } = measured
  const sources = clocksources(benchmark, comparison)
  if (sources.length === 0 || !sources.every((source) => emulatedClocks.has(source))) return []
  const { guest, workload, slowdown } = comparison
  const reads = workload.clock_reads_per_operation ?? 0
  return [
    finding(
      'clock-bound-operations',
      comparison,
      `${workload.title} look ${times(slowdown.centre)} slower in ${guest}, and most of that is the clock, not the memory. The guest reads its time from ${listed(sources)}, a device that is emulated, and ${workload.tool} reads the clock ${reads} times around every operation. An operation takes ${duration(whole.guestS)} in the guest and ${duration(whole.nativeS)} natively; with next to nothing between the readings it takes ${duration(guestS)} and ${duration(nativeS)}, which is ${percent(Math.min(1, guestS / whole.guestS) * 100)} of it in the guest.`,
    ),
  ]
}

/**
 * What one clock read costs at most: the time of a small operation less the time its bytes take at the large blocks'
 * rate. The tool's own loop is in the rest, hence "at most".
 */
function cost(benchmark: Benchmark, small: Comparison, large: Comparison, reads: number): string {
  const whole = operationCost(benchmark, small)
  const wholeLarge = operationCost(benchmark, large)
  if (whole === undefined || wholeLarge === undefined)
    throw new Error(`${small.workload.id} has no block size`)
  const movingS = (wholeLarge.guestS * (small.workload.block_bytes ?? 0)) / (large.workload.block_bytes ?? 1)
  return `An operation takes ${duration(whole.guestS)} in the guest and ${duration(whole.nativeS)} natively; moving its bytes accounts for ${duration(movingS)} of it, which leaves at most ${duration((whole.guestS - movingS) / reads)} for each clock read.`
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

/** Evidence from the workload's own trials; none when one of them does not say. */
function clocksources(benchmark: Benchmark, { guest, workload }: Comparison): string[] {
  const own = benchmark.samples.filter(
    (sample) => sample.subject === guest && sample.workload === workload.id && !sample.warm_up,
  )
  return own.some(({ clocksource }) => clocksource === null) ? [] : clockSources(own, guest)
}

function finding(rule: string, { guest }: Comparison, text: string): Finding {
  return { rule, level: rule === 'clock-bound-operations' ? 'caution' : 'fact', about: guest, text }
}
