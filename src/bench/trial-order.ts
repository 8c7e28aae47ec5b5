import { seededRandom } from './random.ts'
import { shuffled } from './statistics.ts'

/** One measurement to make. Block 0 is the warm-up, whose figures are recorded and never used. */
export interface Trial {
  /** From 0, in the order in which they run. */
  readonly order: number
  readonly block: number
  readonly warmUp: boolean
  readonly subject: string
  readonly workload: string
}

/**
 * Randomised interleaved blocks (Abedi and Brecht, ICPE 2017): every block holds each workload on each subject once.
 * A workload's subjects stand next to each other, so that a pair shares the machine's mood; the order of workloads,
 * and which subject goes first, are drawn anew for each block.
 */
export function trialOrder(options: {
  readonly subjects: readonly string[]
  readonly workloads: readonly string[]
  /** Those among the workloads that begin with block 1. */
  readonly withoutWarmUp?: readonly string[]
  readonly blocks: number
  readonly seed: number
}): Trial[] {
  const random = seededRandom(options.seed)
  const trials: Trial[] = []
  for (let block = 0; block <= options.blocks; block++) {
    for (const workload of shuffled(options.workloads, random)) {
      if (block === 0 && options.withoutWarmUp?.includes(workload)) continue
      for (const subject of shuffled(options.subjects, random)) {
        trials.push({ order: trials.length, block, warmUp: block === 0, subject, workload })
      }
    }
  }
  return trials
}
