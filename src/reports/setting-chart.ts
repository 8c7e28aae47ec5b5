import type { SettingComparison } from '../bench/setting-comparison.ts'
import { type Drawing, type IntervalRow, intervalChart } from './interval-chart.ts'
import type { Language } from './language.ts'

/** How many times longer a guest takes than the reference, by workload and guest. Each small dot is a block. */
export function settingChart(
  comparisons: readonly SettingComparison[],
  language: Language,
): Promise<Drawing> {
  const rows = comparisons.map(
    ({ workload, guest, slowdown, blocks }): IntervalRow => ({
      ...slowdown,
      title: workload.title,
      subtitle: guest,
      dots: blocks,
    }),
  )
  return intervalChart(rows, 'reference', language)
}
