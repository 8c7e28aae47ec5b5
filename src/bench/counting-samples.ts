import type { Sample } from './record.ts'

/** A trial that failed a gate: other work, a quota or a clock was in it. */
export function contaminated(sample: Sample): boolean {
  return sample.flags.length > 0
}

/**
 * The samples that figures are made of: of the attempts at one trial the first clean one, or the last when none is.
 * Warm-ups do not count. In the order in which they ran.
 */
export function countingSamples(samples: readonly Sample[]): Sample[] {
  const chosen = new Map<string, Sample>()
  for (const sample of samples) {
    if (sample.warm_up) continue
    const key = `${sample.subject} ${sample.workload} ${sample.block}`
    const earlier = chosen.get(key)
    if (earlier === undefined || contaminated(earlier)) chosen.set(key, sample)
  }
  return [...chosen.values()].sort((left, right) => left.order - right.order)
}
