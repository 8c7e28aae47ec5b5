import { headings } from './html-figure.ts'
import type { Language } from './language.ts'
import { type Html, html, prose } from './markup.ts'

/** A wide table that scrolls by itself and can be sorted; the first cell of a row is its heading. */
export function scrollingTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  language: Language,
): Html {
  const { say } = language
  return html`<div class="scroll"><table class="sortable">
<thead><tr>${headings(columns, language)}</tr></thead>
<tbody>
${rows.map(([heading = '', ...cells]) => html`<tr><th scope="row">${say(heading)}</th>${cells.map((cell) => html`<td>${prose(say(cell))}</td>`)}</tr>`)}
</tbody>
</table></div>`
}
