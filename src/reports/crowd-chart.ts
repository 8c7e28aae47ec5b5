import type { Crowding } from '../bench/crowding.ts'
import { guestsAtWork } from './crowd-rows.ts'
import { type Drawing, type IntervalRow, intervalChart } from './interval-chart.ts'
import type { Language } from './language.ts'

/** How many times longer a guest takes than alone, by workload and number of guests. Each small dot is a round. */
export function crowdChart(crowding: readonly Crowding[], language: Language): Promise<Drawing> {
  const rows = crowding.map(
    (cell): IntervalRow => ({
      ...cell.slowdown,
      title: cell.workload.title,
      subtitle: language.say(cell.scenario === 'neighbour' ? guestsAtWork(cell) : `${cell.guests} guests`),
      dots: cell.slowdowns,
    }),
  )
  return intervalChart(rows, 'alone', language)
}
