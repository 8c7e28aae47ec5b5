import type { Drawing } from './interval-chart.ts'
import type { Language } from './language.ts'
import { type Html, html, prose, trusted } from './markup.ts'

/** Both drawings of a chart with their caption. */
export function drawing(chart: Drawing, alternative: string, caption: Html): Html {
  return html`<figure role="group" aria-label="${alternative}">
<div class="wide">${trusted(chart.wide)}</div>
<div class="narrow">${trusted(chart.narrow)}</div>
<figcaption>${caption}</figcaption>
</figure>`
}

/** Small charts that share their scales, with one caption: two beside each other where there is room. */
export function panels(
  charts: readonly { readonly title: string; readonly svg: string }[],
  alternative: string,
  caption: Html,
): Html {
  return html`<figure role="group" aria-label="${alternative}">
<div class="panels">${charts.map(({ title, svg }) => html`<div><p>${title}</p>${trusted(svg)}</div>`)}</div>
<figcaption>${caption}</figcaption>
</figure>`
}

/** A word of a legend behind its coloured dot. */
export function keyed(key: 'native' | 'guest' | 'hollow', text: string): Html {
  return html`<span class="legend"><span class="key ${key}"></span>${text}</span>`
}

/** A head row's cells. */
export function headings(columns: readonly string[], { say }: Language): Html[] {
  return columns.map((column) => html`<th scope="col">${prose(say(column))}</th>`)
}
