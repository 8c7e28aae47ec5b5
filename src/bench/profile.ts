/** What a benchmark does when nothing else is said. */
export interface Profile {
  /** Ids, or `all`. */
  readonly workloads: readonly string[] | 'all'
  /** At most, see `precisionPercent`. */
  readonly blocks: number
  readonly durationS: number
  /** Half of an interval's width at which a workload needs no further block; null = all blocks are measured. */
  readonly precisionPercent: number | null
  /** Seconds after which no further block begins; null = no limit. */
  readonly budgetS: number | null
  /** For people. */
  readonly about: string
}

/**
 * `quick` fits two minutes with one guest: 3 workloads × 2 subjects × (4 blocks of 3 s and a warm-up of 1 s) = 78 s, and
 * half a second around each trial. `standard` gives intervals that a gate can use, with programs that every image has: it
 * ends when they are narrow enough. `seed` has the clock beside its two commands: without it nobody could say why the
 * second is slow.
 */
export const profiles = {
  quick: {
    workloads: ['cpu', 'memory-1k', 'memory-1m'],
    blocks: 4,
    durationS: 3,
    precisionPercent: null,
    budgetS: null,
    about: 'two minutes with one guest',
  },
  standard: {
    workloads: ['cpu', 'memory-1k', 'memory-1m', 'memory-random', 'threads', 'syscall'],
    blocks: 20,
    durationS: 10,
    precisionPercent: 2,
    budgetS: 1800,
    about: 'intervals that a gate can use; sysbench and coreutils only',
  },
  full: {
    workloads: 'all',
    blocks: 20,
    durationS: 10,
    precisionPercent: 5,
    budgetS: 7200,
    about: 'every workload file',
  },
  seed: {
    workloads: ['seed-replay-cpu', 'seed-replay-memory', 'clock'],
    blocks: 4,
    durationS: 3,
    precisionPercent: null,
    budgetS: null,
    about:
      'the two commands of the document that hvlab’s lab was first described in, word for word, 10 s each, and what explains the second',
  },
  why: {
    workloads: ['clock', 'syscall', 'trap'],
    blocks: 4,
    durationS: 2,
    precisionPercent: null,
    budgetS: null,
    about:
      'what basic operations cost, which explains the rest: reading the clock, entering the kernel, leaving the guest',
  },
} as const satisfies Record<string, Profile>

export const profileNames = [
  'quick',
  'standard',
  'full',
  'seed',
  'why',
] as const satisfies readonly (keyof typeof profiles)[]

/** Longest trial: a suspended guest answers no SSH keepalive, and after 30 s its connection counts as lost. */
export const longestTrialS = 20

/** Warm-up trials fill caches and wake the guest; one second is enough for both. */
export function warmUpS(durationS: number): number {
  return Math.min(1, durationS)
}

/** A quarter of the trials: a machine that is never quiet makes a benchmark longer by that and no more. */
export function mostRepeats(trials: number): number {
  return Math.ceil(trials / 4)
}
