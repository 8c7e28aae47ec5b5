import type { Crowding } from '../bench/crowding.ts'
import { duration, figure, range, times } from '../bench/words.ts'

export const crowdColumns = [
  'Workload',
  'Guests at work',
  'Each guest: median',
  'lowest–highest',
  'Together',
  'Against one alone',
  'Fairness',
  'As long as alone',
  '95 % interval',
  'Begun within',
] as const

export const crowdMeaning =
  'Alone is the same guest in the benchmark above, while the others stood by. Fairness is Jain’s index of the guests’ speeds: 1 is all alike. Guests wait for each other before each round; the last column says how far apart they began.'

/** One row for each workload and number of guests, for Markdown and HTML. */
export function crowdRows(crowding: readonly Crowding[]): string[][] {
  return crowding.map((cell) => [
    cell.workload.title,
    cell.scenario === 'neighbour' ? `1, and ${cell.guests - 1} beside it` : String(cell.guests),
    `${figure(cell.each.median)} ${cell.metric.unit}`,
    range(cell.each.min, cell.each.max, figure),
    cell.together === null ? '—' : `${figure(cell.together.median)} ${cell.metric.unit}`,
    cell.together === null ? '—' : times(cell.together.timesAlone),
    cell.fairness === null ? '—' : cell.fairness.toFixed(3),
    times(cell.slowdown.centre),
    range(cell.slowdown.low, cell.slowdown.high, times),
    cell.latestStartS === null ? '—' : duration(cell.latestStartS),
  ])
}
