import { drawing } from './html-figure.ts'
import { scrollingTable } from './html-table.ts'
import type { Language } from './language.ts'
import { type Html, html, prose } from './markup.ts'
import { placementChart } from './placement-chart.ts'
import {
  leftOutColumns,
  leftOutRows,
  placementColumns,
  placementRows,
  placementSentence,
} from './placement-rows.ts'
import type { HostResults } from './results.ts'

/** What the CPUs and the memory that a guest was given do: below its heading. */
export async function placementFigure(
  { benchmark, placements }: Pick<HostResults, 'benchmark' | 'placements'>,
  language: Language,
): Promise<Html> {
  const { say } = language
  const caption =
    'How many times longer a guest takes than the reference in the same block, on a logarithmic scale: the median of the blocks, its 95 % interval, and each block as a small dot.'
  const leftOut = leftOutRows(benchmark)
  return html`${drawing(await placementChart(placements, language), say(caption), prose(say(caption)))}
${scrollingTable(placementColumns, placementRows(placements, benchmark), language)}
<p>${prose(say(placementSentence(placements, benchmark)))}</p>
${leftOut.length === 0 ? html`` : scrollingTable(leftOutColumns, leftOut, language)}`
}
