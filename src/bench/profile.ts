/** What a benchmark does when nothing else is said. */
export interface Profile {
  /** Ids, or `all`. */
  readonly workloads: readonly string[] | 'all'
  readonly blocks: number
  readonly durationS: number
}

/**
 * `quick` fits two minutes with one guest: 3 workloads × 2 subjects × (4 blocks of 3 s and a warm-up of 1 s) = 78 s, and
 * half a second around each trial. `standard` gives intervals that a gate can use.
 */
export const profiles = {
  quick: { workloads: ['cpu', 'memory-1k', 'memory-1m'], blocks: 4, durationS: 3 },
  standard: { workloads: 'all', blocks: 10, durationS: 10 },
} as const satisfies Record<string, Profile>

export const profileNames = ['quick', 'standard'] as const satisfies readonly (keyof typeof profiles)[]

/** Longest trial: a suspended guest answers no SSH keepalive, and after 30 s its connection counts as lost. */
export const longestTrialS = 20

/** Warm-up trials fill caches and wake the guest; one second is enough for both. */
export function warmUpS(durationS: number): number {
  return Math.min(1, durationS)
}
