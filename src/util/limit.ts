import pLimit from 'p-limit'

/** At most so many of the given jobs at the same time; the rest waits in order. */
export type Limit = <T>(job: () => Promise<T>) => Promise<T>

export function limitOf(most: number): Limit {
  return pLimit(Math.max(1, Math.trunc(most)))
}
