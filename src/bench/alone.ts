import type { Comparison } from './comparison.ts'
import type { Benchmark, Sample } from './record.ts'
import { spread } from './statistics.ts'
import { headline, type Workload } from './workload-file.ts'

/** What guests do at a workload while no other works: what their rounds in company are held against. */
export interface Alone {
  /** The rounds of one guest, by block. None in records of an hvlab that took no such rounds. */
  readonly rounds: ReadonlyMap<number, Sample>
  /** By guest: the median of its rounds alone, or in the benchmark itself where it had none. */
  readonly medians: ReadonlyMap<string, number>
}

export function aloneAt(
  workload: Workload,
  { crowds }: Benchmark,
  comparisons: readonly Comparison[],
): Alone {
  const { field } = headline(workload)
  const samples = crowds.flatMap(({ workload: id, samples: [sample, ...others] }) =>
    sample !== undefined && others.length === 0 && id === workload.id ? [sample] : [],
  )
  const inBenchmark = comparisons
    .filter((comparison) => comparison.workload.id === workload.id)
    .map(({ guest, guestValues }): [string, number] => [guest, guestValues.median])
  const inRounds = [...new Set(samples.map(({ subject }) => subject))].flatMap(
    (guest): [string, number][] => {
      const values = samples
        .filter(({ subject }) => subject === guest)
        .flatMap(({ metrics }) => metrics[field] ?? [])
        .filter((value) => value > 0)
      return values.length === 0 ? [] : [[guest, spread(values).median]]
    },
  )
  return {
    rounds: new Map(samples.map((sample) => [sample.block, sample])),
    medians: new Map([...inBenchmark, ...inRounds]),
  }
}
