import { doubt } from '../bench/answer.ts'
import type { Comparison } from '../bench/comparison.ts'
import { chainFinding } from '../bench/findings/layer-findings.ts'
import { figure, intervalHeading, percent, range, times } from '../bench/words.ts'
import { guestNames } from './guest-names.ts'
import { guestTable, meanSentence } from './guest-table.ts'
import { drawing, headings, keyed } from './html-figure.ts'
import { hostSection } from './html-host.ts'
import { methodSection, reproduceSection } from './html-method.ts'
import { scrollingTable } from './html-table.ts'
import { english, type Language } from './language.ts'
import { layerColumns, layerMeaning, layerRows } from './layer-rows.ts'
import { localised } from './localised.ts'
import { filled, type Html, html, prose, trusted } from './markup.ts'
import { metricColumns, metricRows } from './metric-rows.ts'
import type { Results } from './results.ts'
import { slowdownChart } from './slowdown-chart.ts'
import { sortingHash, sortingScript } from './sorting.ts'
import { styleSheet } from './style.ts'

/** `report.html`: one file, nothing loaded from anywhere, readable on a phone, in the dark and on paper. */
export async function reportHtml(original: Results, language: Language = english): Promise<string> {
  const { say } = language
  const results = localised(original, language)
  const hosts = await Promise.all(
    results.hosts.map((host, index) =>
      hostSection(host, { many: results.hosts.length > 1, id: `host-${index + 1}` }, language),
    ),
  )
  const { run } = results
  return html`<!doctype html>
<html lang="${language.tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src '${sortingHash}'; img-src data:">
<title>${results.answer}</title>
<link rel="icon" href="data:,">
<style>${trusted(styleSheet)}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow"><b>${say('What virtualisation costs')}</b> · ${run.pipeline}, ${day(run.startedAt, language)}</p>
<h1>${prose(results.answer)}</h1>
${doubted(results, language)}
</header>
${results.comparisons.length === 0 ? html`` : await compared(results, language)}
${hostLinks(results, language)}
${hosts}
${methodSection(original, language)}
${reproduceSection(original, language)}
</main>
<footer>${filled(say(`Run ${run.runId} · measured with hvlab ${run.version} · the same in {} and {}`), html`<code>results.json</code>`, html`<code>report${language.tag === 'en' ? '' : `.${language.tag}`}.md</code>`)}</footer>
<script>${trusted(sortingScript)}</script>
</body>
</html>
`.text
}

/** The chart, and all tables of what was compared. */
async function compared(results: Results, language: Language): Promise<Html> {
  const { say } = language
  const chart = await slowdownChart(byWorkload(results.comparisons), language)
  return html`${drawing(chart, `${say('Slowdown by workload.')} ${results.answer}`, filled(say('How many times longer the guest takes than {}, on a logarithmic scale. The large dot is the median of the blocks, the bar its interval, each small dot one block. A large dot is hollow where there are too few blocks for an interval, a small one where a trial of its block failed a gate on noise.'), native(results, language)))}
<h2>${say('Figures')}</h2>
${figures(results, language)}
${eachGuest(results, language)}
${layers(results, language)}
${blocks(results, language)}
${allMetrics(results, language)}`
}

function doubted({ comparisons }: Results, { say }: Language): Html {
  const text = doubt(comparisons)
  return text === ''
    ? html``
    : html`<p class="doubt"><span class="mark">${say('Caution.')}</span> ${prose(say(text))}</p>`
}

function hostLinks({ hosts }: Results, { say }: Language): Html {
  if (hosts.length < 2) return html``
  const links = hosts.map(
    ({ benchmark }, index) => html`<a href="#host-${index + 1}">${benchmark.design.hypervisor}</a>`,
  )
  return html`<nav>${say('Host by host:')} ${links}</nav>`
}

function native({ hosts }: Results, { say }: Language): Html {
  return hosts.length === 1
    ? keyed('native', say(`${hosts[0]?.benchmark.design.hypervisor} itself`))
    : keyed('native', say('its own host'))
}

function figures({ comparisons }: Results, language: Language): Html {
  const interval = intervalHeading(comparisons.map(({ slowdown }) => slowdown))
  return html`<table class="stack sortable">
<thead><tr>${headings(['Workload', 'Native', 'Guest', 'Efficiency', 'Slowdown', interval, 'Per CPU-second'], language)}</tr></thead>
<tbody>
${byWorkload(comparisons).map((comparison) => figuresRow(comparison, guestNames(comparisons, language)(comparison), interval, language))}
</tbody>
</table>`
}

/** A row for each guest where there are several; the geometric mean, never without what it is a mean of. */
function eachGuest({ comparisons, overall, manyGuests }: Results, language: Language): Html {
  const mean = meanSentence(overall, language)
  const sentence = mean === '' ? html`` : html`<p class="note">${prose(mean)}</p>`
  if (!manyGuests) return sentence
  const { columns, rows } = guestTable(overall, guestNames(comparisons, language))
  return html`<h3>${language.say('Slowdown of each guest')}</h3>
${scrollingTable(columns, rows, language)}
${sentence}`
}

/** Only where machines inside each other were measured. */
function layers({ chains }: Results, language: Language): Html {
  const { say } = language
  if (chains.length === 0) return html``
  return html`<h3>${say('Layers multiply')}</h3>
<ul class="findings">${chains.map((chain) => html`<li>${prose(say(chainFinding(chain).text))}</li>`)}</ul>
${scrollingTable(layerColumns, layerRows(chains), language)}
<p class="note">${prose(say(layerMeaning))}</p>`
}

/** The chart's small dots. */
function blocks({ comparisons }: Results, language: Language): Html {
  const { say } = language
  const nameOf = guestNames(comparisons, language)
  const rows = byWorkload(comparisons).flatMap((comparison) =>
    comparison.blocks.map(({ block, native, guest, ratio, noisy }) => [
      [comparison.workload.title, nameOf(comparison)].filter(Boolean).join(', '),
      String(block),
      `${figure(native)} ${comparison.metric.unit}`,
      `${figure(guest)} ${comparison.metric.unit}`,
      times(1 / ratio),
      noisy ? 'failed' : '—',
    ]),
  )
  return html`<details class="data"><summary>${say('Every block')}</summary>
${scrollingTable(['Workload', 'Block', 'Native', 'Guest', 'Slowdown', 'Gate on noise'], rows, language)}
</details>`
}

/** What the table above leaves out: overheads, CPU-seconds, latencies. */
function allMetrics({ comparisons }: Results, language: Language): Html {
  const { say } = language
  return html`<details class="data"><summary>${say('Every metric, by the clock and for each CPU-second')}</summary>
<p>${say('A CPU-second is one second of one CPU of the hypervisor: natively of the workload, for a guest of all threads of QEMU. Per CPU-second a figure says what the work costs; by the clock it says how long one waits.')}</p>
${scrollingTable(metricColumns(comparisons), metricRows(byWorkload(comparisons), guestNames(comparisons, language)), language)}
</details>`
}

/** Guests below each other, so that one workload can be compared across them. */
function byWorkload(comparisons: readonly Comparison[]): Comparison[] {
  const ids = [...new Set(comparisons.map(({ workload }) => workload.id))]
  return ids.flatMap((id) => comparisons.filter(({ workload }) => workload.id === id))
}

function figuresRow(comparison: Comparison, name: string, interval: string, { say }: Language): Html {
  const { workload, metric, native, guestValues, efficiencyPercent, slowdown, perCpuSecond } = comparison
  const where = name === '' ? html`` : html`<br><small>${name}</small>`
  return html`<tr><th scope="row">${workload.title}${where}</th>
<td data-label="${say('Native')}"><span>${say(figure(native.median))} <small>${metric.unit}</small></span></td>
<td data-label="${say('Guest')}"><span>${say(figure(guestValues.median))} <small>${metric.unit}</small></span></td>
<td data-label="${say('Efficiency')}">${prose(say(percent(efficiencyPercent.centre)))}</td>
<td data-label="${say('Slowdown')}" class="strong">${prose(say(times(slowdown.centre)))}</td>
<td data-label="${say(interval)}">${prose(say(range(slowdown.low, slowdown.high, times)))}</td>
<td data-label="${say('Per CPU-second')}">${prose(perCpuSecond === undefined ? '—' : say(times(perCpuSecond.slowdown.centre)))}</td></tr>`
}

const days = {
  en: new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
  id: new Intl.DateTimeFormat('id', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
}

/** `23 November 2026 at 15:05 UTC`. */
function day(iso: string, { tag, say }: Language): string {
  const time = Date.parse(iso)
  return Number.isNaN(time) ? say('at an unknown time') : `${days[tag].format(time)} UTC`
}
