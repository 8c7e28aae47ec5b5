import { type Html, html } from './markup.ts'

/** A wide table that scrolls by itself; the first cell of a row is its heading. */
export function scrollingTable(columns: readonly string[], rows: readonly (readonly string[])[]): Html {
  return html`<div class="scroll"><table>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>
${rows.map(([heading = '', ...cells]) => html`<tr><th scope="row">${heading}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}
</tbody>
</table></div>`
}
