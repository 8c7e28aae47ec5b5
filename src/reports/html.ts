import type { Comparison } from '../bench/comparison.ts'
import { figure, percent, range, times } from '../bench/words.ts'
import { drawing, keyed } from './html-figure.ts'
import { hostSection } from './html-host.ts'
import { methodSection, reproduceSection } from './html-method.ts'
import { scrollingTable } from './html-table.ts'
import { type Html, html, prose, trusted } from './markup.ts'
import { metricColumns, metricRows } from './metric-rows.ts'
import type { Results } from './results.ts'
import { slowdownChart } from './slowdown-chart.ts'
import { styleSheet } from './style.ts'

/** `report.html`: one file, nothing loaded from anywhere, readable on a phone, in the dark and on paper. */
export async function reportHtml(results: Results): Promise<string> {
  const chart = await slowdownChart(byWorkload(results.comparisons))
  const hosts = await Promise.all(results.hosts.map((host) => hostSection(host, results.hosts.length > 1)))
  const { run } = results
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${results.answer}</title>
<link rel="icon" href="data:,">
<style>${trusted(styleSheet)}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow"><b>What virtualisation costs</b> · ${run.pipeline}, ${day(run.startedAt)}</p>
<h1>${prose(results.answer)}</h1>
</header>
${drawing(chart, `Slowdown by workload. ${results.answer}`, html`How many times longer the guest takes than ${native(results)}, on a logarithmic scale. The large dot is the median of the blocks, the bar its 95 % interval, each small dot one block.`)}
<h2>Figures</h2>
${figures(results)}
${allMetrics(results)}
${hosts}
${methodSection(results)}
${reproduceSection(results)}
</main>
<footer>Run ${run.runId} · measured with hvlab ${run.version} · the same in <code>results.json</code> and <code>report.md</code></footer>
</body>
</html>
`.text
}

function native({ hosts }: Results): Html {
  return hosts.length === 1
    ? keyed('native', `${hosts[0]?.benchmark.design.hypervisor} itself`)
    : keyed('native', 'its own host')
}

function figures({ comparisons, manyGuests }: Results): Html {
  return html`<table class="stack">
<thead><tr><th scope="col">Workload</th><th scope="col">Native</th><th scope="col">Guest</th><th scope="col">Efficiency</th><th scope="col">Slowdown</th><th scope="col">95 % interval</th></tr></thead>
<tbody>
${byWorkload(comparisons).map((comparison) => figuresRow(comparison, manyGuests))}
</tbody>
</table>`
}

/** What the table above leaves out: overheads, CPU-seconds, latencies. */
function allMetrics({ comparisons, manyGuests }: Results): Html {
  return html`<details><summary>Every metric, by the clock and for each CPU-second</summary>
<p>A CPU-second is one second of one CPU of the hypervisor: natively of the workload, for a guest of all threads of QEMU. Per CPU-second a figure says what the work costs; by the clock it says how long one waits.</p>
${scrollingTable(metricColumns, metricRows(byWorkload(comparisons), manyGuests))}
</details>`
}

/** Guests below each other, so that one workload can be compared across them. */
function byWorkload(comparisons: readonly Comparison[]): Comparison[] {
  const ids = [...new Set(comparisons.map(({ workload }) => workload.id))]
  return ids.flatMap((id) => comparisons.filter(({ workload }) => workload.id === id))
}

function figuresRow(comparison: Comparison, many: boolean): Html {
  const { workload, guest, hypervisor, metric, native, guestValues, efficiencyPercent, slowdown } = comparison
  const where = many ? html`<br><small>${guest} on ${hypervisor}</small>` : html``
  return html`<tr><th scope="row">${workload.title}${where}</th>
<td data-label="Native"><span>${figure(native.median)} <small>${metric.unit}</small></span></td>
<td data-label="Guest"><span>${figure(guestValues.median)} <small>${metric.unit}</small></span></td>
<td data-label="Efficiency">${percent(efficiencyPercent.centre)}</td>
<td data-label="Slowdown" class="strong">${times(slowdown.centre)}</td>
<td data-label="95 % interval">${range(slowdown.low, slowdown.high, times)}</td></tr>`
}

const dates = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

/** `23 November 2026 at 15:05 UTC`. */
export function day(iso: string): string {
  const time = Date.parse(iso)
  return Number.isNaN(time) ? 'at an unknown time' : `${dates.format(time)} UTC`
}
