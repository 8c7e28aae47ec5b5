import type { Overall } from '../bench/overall.ts'
import { range, times } from '../bench/words.ts'
import type { Language } from './language.ts'

/** Each guest's slowdowns in a row and their geometric mean at its end; in a column where there are more workloads than guests, so that paper holds it. */
export function guestTable(
  overall: readonly Overall[],
  nameOf: (guest: Overall) => string,
): { readonly columns: string[]; readonly rows: string[][] } {
  const workloads = overall[0]?.comparisons.map(({ workload }) => workload.title) ?? []
  const figures = overall.map((guest) => [
    nameOf(guest),
    ...guest.comparisons.map(({ slowdown: { centre, low, high } }) =>
      low === undefined ? times(centre) : `${times(centre)} (${range(low, high, times)})`,
    ),
    guest.slowdown === null ? '—' : times(guest.slowdown),
  ])
  if (workloads.length <= overall.length)
    return { columns: ['Guest', ...workloads, 'Geometric mean'], rows: figures }
  const [names = [], ...rows] = ['Workload', ...workloads, 'Geometric mean'].map((head, index) => [
    head,
    ...figures.map((guest) => guest[index] ?? ''),
  ])
  return { columns: names, rows }
}

const warning = 'It weighs every workload alike, which no application does: read the list.'

/** The mean of one guest's list, or what the means in the table are; nothing where there is one workload. */
export function meanSentence(overall: readonly Overall[], { say }: Language): string {
  const [first] = overall
  if (first === undefined || first.slowdown === null) return ''
  const what =
    overall.length === 1
      ? `The geometric mean of these ${first.comparisons.length} slowdowns is ${times(first.slowdown)}.`
      : `The geometric mean is that of the ${first.comparisons.length} slowdowns of each guest.`
  return say(`${what} ${warning}`)
}
