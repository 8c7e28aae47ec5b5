import type { Placement } from '../bench/placement.ts'
import { type Drawing, type IntervalRow, intervalChart } from './interval-chart.ts'
import type { Language } from './language.ts'

/** How many times longer a guest takes than one that floats, by workload and guest. Each small dot is a block. */
export function placementChart(placements: readonly Placement[], language: Language): Promise<Drawing> {
  const rows = placements.map(
    ({ workload, guest, slowdown, blocks }): IntervalRow => ({
      ...slowdown,
      title: workload.title,
      subtitle: guest,
      dots: blocks,
    }),
  )
  return intervalChart(rows, 'reference', language)
}
