import { drawing } from './html-figure.ts'
import { scrollingTable } from './html-table.ts'
import type { Language } from './language.ts'
import { type Html, html, prose } from './markup.ts'
import { settingChart } from './setting-chart.ts'
import type { SettingTable } from './setting-rows.ts'

/** What a setting of a guest does: below its heading. */
export async function settingFigure(
  { comparisons, columns, rows, sentence }: SettingTable,
  language: Language,
): Promise<Html> {
  const { say } = language
  const caption =
    'How many times longer a guest takes than the reference in the same block, on a logarithmic scale: the median of the blocks, its interval, and each block as a small dot.'
  return html`${drawing(await settingChart(comparisons, language), say(caption), prose(say(caption)))}
${scrollingTable(columns, rows, language)}
<p>${prose(say(sentence))}</p>`
}
