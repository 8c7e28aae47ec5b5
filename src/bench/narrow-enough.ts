import { compare } from './comparison.ts'
import { type Design, nothingRecorded, type Sample } from './record.ts'
import { type Estimate, halfWidth } from './statistics.ts'

/**
 * With fewer blocks an interval that decides over its own end does not keep its level (test/unit/bench/median-interval.test.ts).
 */
export const fewestAdaptiveBlocks = 8

/** The rule: enough blocks, and an interval no wider than ± so many percent. */
export function narrow(estimate: Estimate, blocks: number, precisionPercent: number): boolean {
  const half = halfWidth(estimate)
  return blocks >= fewestAdaptiveBlocks && half !== undefined && half <= Math.log(1 + precisionPercent / 100)
}

/** Whether a workload's interval is as narrow as the design asks, on every guest, so that no further block is needed. */
export function narrowEnough(design: Design, samples: readonly Sample[], workload: string): boolean {
  const { precision_percent } = design
  if (precision_percent === null) return false
  const guests = design.subjects.filter(({ kind }) => kind === 'guest')
  const comparisons = compare({
    ...nothingRecorded,
    design: { ...design, workloads: design.workloads.filter(({ id }) => id === workload) },
    samples,
  })
  return (
    comparisons.length === guests.length &&
    comparisons.every(({ blocks, slowdown }) => narrow(slowdown, blocks.length, precision_percent))
  )
}
