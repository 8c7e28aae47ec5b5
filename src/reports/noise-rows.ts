import { contaminated, countingSamples } from '../bench/counting-samples.ts'
import type { Benchmark } from '../bench/record.ts'

export const noiseColumns = [
  'Workload',
  'Trials',
  'Failed a gate',
  'Taken again',
  'Contaminated in the end',
  'Gates',
] as const

/** How many trials of each workload had company, and what became of them. Warm-ups do not count. */
export function noiseRows({ design, samples }: Benchmark): string[][] {
  return design.workloads.flatMap((workload) => {
    const own = samples.filter((sample) => sample.workload === workload.id && !sample.warm_up)
    if (own.length === 0) return []
    const flags = own.flatMap((sample) => sample.flags)
    const gates = [...new Set(flags)].map((flag) => `${flag} ${flags.filter((one) => one === flag).length}`)
    return [
      [
        workload.title,
        String(own.length),
        String(own.filter(contaminated).length),
        String(own.filter(({ attempt }) => attempt > 1).length),
        String(countingSamples(own).filter(contaminated).length),
        gates.join(', ') || '—',
      ],
    ]
  })
}
