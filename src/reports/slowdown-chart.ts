import type { Comparison } from '../bench/comparison.ts'
import { type Drawing, type IntervalRow, intervalChart } from './interval-chart.ts'
import type { Language } from './language.ts'

/** How much slower each workload is in each guest: native = 1. Each small dot is a block. */
export function slowdownChart(comparisons: readonly Comparison[], language: Language): Promise<Drawing> {
  const name = namer(comparisons, language)
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

/** As much of a guest's name as tells it from the others. */
export function namer(
  comparisons: readonly Comparison[],
  { say }: Language,
): (comparison: Pick<Comparison, 'guest' | 'hypervisor'>) => string {
  const hosts = new Set(comparisons.map(({ hypervisor }) => hypervisor))
  const guests = new Set(comparisons.map(({ hypervisor, guest }) => `${hypervisor} ${guest}`))
  if (guests.size < 2) return () => ''
  return ({ guest, hypervisor }) => (hosts.size < 2 ? guest : say(`${guest} on ${hypervisor}`))
}
