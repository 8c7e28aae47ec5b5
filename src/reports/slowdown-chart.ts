import type { Comparison } from '../bench/comparison.ts'
import { guestNames } from './guest-names.ts'
import { type Drawing, type IntervalRow, intervalChart } from './interval-chart.ts'
import type { Language } from './language.ts'

/** How much slower each workload is in each guest: native = 1. Each small dot is a block. */
export function slowdownChart(comparisons: readonly Comparison[], language: Language): Promise<Drawing> {
  const name = guestNames(comparisons, language)
  const rows = comparisons.map(
    (comparison): IntervalRow => ({
      ...comparison.slowdown,
      title: comparison.workload.title,
      subtitle: name(comparison),
      dots: comparison.blocks.map(({ ratio, noisy }) => ({ value: 1 / ratio, noisy })),
    }),
  )
  return intervalChart(rows, 'native', language)
}
