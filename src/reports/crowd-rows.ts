import type { Crowding } from '../bench/crowding.ts'
import type { Benchmark } from '../bench/record.ts'
import { figure, intervalHeading, range, times } from '../bench/words.ts'
import { headline } from '../bench/workload-file.ts'

export function crowdColumns(crowding: readonly Crowding[]): string[] {
  return [
    'Workload',
    'Guests at work',
    'As long as alone',
    intervalHeading(crowding.map(({ slowdown }) => slowdown)),
    'Each guest: median',
    'lowest–highest',
    'Together',
    'Against one alone',
    'Fairness',
    'Begun within',
  ]
}

export const crowdMeaning =
  'Alone is a round of the same block in which one guest works; guests take turns. Where there was none it is the guest in the benchmark above. Each guest is held against itself alone, also for what they do together and for fairness, which is Jain’s index: 1 is all slowed down alike. Guests wait for each other before each round; the last column says how far apart their workloads began, by their own clocks, to 0.02 s.'

/** Nothing smaller is known: two readings of a clock with steps of 10 ms. */
const skewErrorS = 0.02

/** One row for each workload and number of guests, for Markdown and HTML. */
export function crowdRows(crowding: readonly Crowding[]): string[][] {
  return crowding.map((cell) => [
    cell.workload.title,
    guestsAtWork(cell),
    times(cell.slowdown.centre),
    range(cell.slowdown.low, cell.slowdown.high, times),
    `${figure(cell.each.median)} ${cell.metric.unit}`,
    range(cell.each.min, cell.each.max, figure),
    cell.together === null ? '—' : `${figure(cell.together.median)} ${cell.metric.unit}`,
    cell.together === null ? '—' : times(cell.together.timesAlone),
    cell.fairness === null ? '—' : cell.fairness.toFixed(3),
    cell.latestStartS === null ? '—' : `${Math.max(skewErrorS, cell.latestStartS).toFixed(2)} s`,
  ])
}

export const roundColumns = ['Workload', 'Guests at work', 'Block', 'Guest', 'Result', 'Flags'] as const

/** What every guest did in every round, neighbours' own work aside. */
export function roundRows({ design, crowds }: Benchmark): string[][] {
  return crowds.flatMap(({ scenario, workload: id, block, measured, samples }) => {
    const workload = design.workloads.find((candidate) => candidate.id === id)
    if (workload === undefined) return []
    const metric = headline(workload)
    return samples
      .filter(({ subject }) => measured.includes(subject))
      .map(({ subject, metrics, flags }) => {
        const value = metrics[metric.field]
        return [
          workload.title,
          guestsAtWork({ scenario, guests: samples.length }),
          String(block),
          subject,
          value === undefined ? '—' : `${figure(value)} ${metric.unit}`,
          flags.join(', ') || '—',
        ]
      })
  })
}

/** `3`, or `1, and 2 beside it` where the others were neighbours; `1` alone. */
export function guestsAtWork({ scenario, guests }: Pick<Crowding, 'scenario' | 'guests'>): string {
  return scenario === 'neighbour' && guests > 1 ? `1, and ${guests - 1} beside it` : String(guests)
}
