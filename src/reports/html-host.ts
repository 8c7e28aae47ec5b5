import type { Finding } from '../bench/findings/finding.ts'
import type { Environment, Sample } from '../bench/record.ts'
import { figure, percent, times } from '../bench/words.ts'
import { headline } from '../bench/workload-file.ts'
import { crowdChart } from './crowd-chart.ts'
import { crowdColumns, crowdMeaning, crowdRows, roundColumns, roundRows } from './crowd-rows.ts'
import { machineTable } from './environment-rows.ts'
import { grouped } from './finding-groups.ts'
import { drawing, headings, keyed, panels } from './html-figure.ts'
import { settingFigure } from './html-setting.ts'
import { scrollingTable } from './html-table.ts'
import { type Language, upperFirst } from './language.ts'
import { filled, type Html, html, prose } from './markup.ts'
import { noiseColumns, noiseRows } from './noise-rows.ts'
import { type AgainstPublished, publishedColumns, whyTheyDiffer } from './published.ts'
import type { HostResults } from './results.ts'
import { leftOutColumns, leftOutRows, settingTables } from './setting-rows.ts'
import { trialsCharts } from './trials-chart.ts'

/** Everything about one hypervisor and its guests. */
export async function hostSection(
  host: HostResults,
  { many, id }: { readonly many: boolean; readonly id: string },
  language: Language,
): Promise<Html> {
  const { say } = language
  const { design, environments } = host.benchmark
  const charts = await trialsCharts(host.benchmark, language)
  const on = many ? `${design.hypervisor}: ` : ''
  return html`<section id="${id}">
${heading(on, say('what the figures mean'))}
${findingList(host.findings, language)}
${publishedSection(host.published, on, language)}
${await crowdSection(host, on, language)}
${await settingSections(host, on, language)}
${heading(on, say('the machines'))}
${machines(environments, language)}
${heading(on, say('the trials'))}
${panels(
  charts,
  say(`Every trial on ${design.hypervisor} in order, as a share of its subject's median.`),
  filled(
    say(
      'Every trial in the order in which it ran (below), as a share of the median of its own subject: {}, {}. Dots that are {} failed a gate on noise.',
    ),
    keyed('native', say('native')),
    keyed('guest', say('guest')),
    keyed('hollow', say('hollow')),
  ),
)}
${scrollingTable(noiseColumns, noiseRows(host.benchmark), language)}
<details><summary>${say(`All ${host.benchmark.samples.length} trials`)}</summary>
<div class="scroll">${samplesTable(host, language)}</div>
</details>
</section>`
}

async function crowdSection(
  { benchmark, crowding }: HostResults,
  on: string,
  language: Language,
): Promise<Html> {
  const { say } = language
  if (crowding.length === 0) return html``
  const caption =
    'How many times longer a guest takes than alone, on a logarithmic scale: the median over the rounds, its interval, and each round as a small dot.'
  return html`${heading(on, say('several guests at once'))}
${drawing(await crowdChart(crowding, language), say(caption), prose(say(caption)))}
${scrollingTable(crowdColumns(crowding), crowdRows(crowding), language)}
<p>${prose(say(crowdMeaning))}</p>
<details class="data"><summary>${say('Every guest in every round')}</summary>
${scrollingTable(roundColumns, roundRows(benchmark), language)}
</details>`
}

/** A section for each setting that guests differ in, and behind the last one the guests that the host could not have. */
async function settingSections(host: HostResults, on: string, language: Language): Promise<Html[]> {
  const { say } = language
  const tables = settingTables(host)
  const leftOut = tables.length === 0 ? [] : leftOutRows(host.benchmark)
  const sections = await Promise.all(
    tables.map(
      async (one) => html`${heading(on, say(one.title))}
${await settingFigure(one, language)}`,
    ),
  )
  return [...sections, ...(leftOut.length === 0 ? [] : [scrollingTable(leftOutColumns, leftOut, language)])]
}

/** A host's name keeps its letters. */
function heading(on: string, text: string): Html {
  return html`<h2>${on === '' ? upperFirst(text) : `${on}${text}`}</h2>`
}

function findingList(findings: readonly Finding[], language: Language): Html {
  const { say } = language
  if (findings.length === 0) return html`<p>${say('Nothing in the record bends these figures.')}</p>`
  return html`<ul class="findings">
${grouped(findings, language).map(({ level, text }) => (level === 'caution' ? html`<li class="caution"><span class="mark">${say('Caution.')}</span> ${prose(text)}</li>` : html`<li>${prose(text)}</li>`))}
</ul>`
}

function publishedSection(published: readonly AgainstPublished[], on: string, language: Language): Html {
  const { say } = language
  if (published.length === 0) return html``
  return html`${heading(on, say('against the published figures'))}
<p>${say('The lab that hvlab automates was published with two figures from a guest and “96–99 % overhead”. Here they stand beside what this run measured.')}</p>
<table class="stack">
<thead><tr>${headings(publishedColumns, language)}</tr></thead>
<tbody>
${published.map(
  (entry) => html`<tr><th scope="row">${entry.title}<br><small>${entry.unit}, ${entry.guest}</small></th>
<td data-label="${say('Published')}">${say(String(entry.published))}</td>
<td data-label="${say('Guest')}">${say(figure(entry.measuredGuest))}</td>
<td data-label="${say('Native')}">${say(figure(entry.measuredNative))}</td>
<td data-label="${say('Overhead as published')}">${say(entry.publishedOverhead)}</td>
<td data-label="${say('Overhead here')}">${say(percent(entry.measuredOverheadPercent))}</td>
<td data-label="${say('Slowdown here')}" class="strong">${say(times(entry.slowdown))}</td></tr>`,
)}
</tbody>
</table>
<h3>${say('Why they differ')}</h3>
${whyTheyDiffer(published).map((why) => html`<p>${prose(why)}</p>`)}`
}

function machines(environments: readonly Environment[], { say }: Language): Html {
  const { columns, rows } = machineTable(environments)
  // More than stand beside each other on a phone.
  const many = columns.length > 3 ? ' many' : ''
  return html`<div class="scroll machines"><table class="facts${many}">
<thead><tr><th scope="col"></th>${columns.map(({ kind, name }) => html`<th scope="col"><span class="key ${kind}"></span>${name}</th>`)}</tr></thead>
<tbody>
${rows.map(([name, values]) => html`<tr><th scope="row">${say(name)}</th>${values.map((value, index) => html`<td data-label="${columns[index]?.name ?? ''}">${say(value)}</td>`)}</tr>`)}
</tbody>
</table></div>`
}

function samplesTable({ benchmark: { design, samples } }: HostResults, language: Language): Html {
  const { say } = language
  const row = (sample: Sample): Html => {
    const workload = design.workloads.find(({ id }) => id === sample.workload)
    const metric = workload === undefined ? undefined : headline(workload)
    const value = metric === undefined ? undefined : sample.metrics[metric.field]
    return html`<tr><td>${sample.order + 1}</td><td>${say(blockText(sample))}</td><td>${sample.workload}</td><td>${sample.subject}</td>
<td>${value === undefined ? '—' : say(figure(value))} <small>${metric?.unit ?? ''}</small></td>
<td>${sample.host_cpu_s === null ? '—' : say(`${sample.host_cpu_s.toFixed(2)} s`)}</td><td>${sample.clocksource ?? '—'}</td><td>${drift(sample).split(' ± ').map(say).join(' ± ')}</td><td>${say(share(sample))}</td><td>${sample.flags.join(', ') || '—'}</td></tr>`
  }
  return html`<table class="sortable">
<thead><tr>${headings(['Trial', 'Block', 'Workload', 'Subject', 'Result', 'CPU-seconds', 'Clock', 'Its drift', 'CPU pressure', 'Flags'], language)}</tr></thead>
<tbody>
${samples.map(row)}
</tbody>
</table>`
}

function blockText({ warm_up, block, attempt }: Sample): string {
  return warm_up ? 'warm-up' : attempt > 1 ? `${block}, attempt ${attempt}` : String(block)
}

/** `0.1 ± 0.7 %`: against the controller's clock. */
function drift({ clock_drift: drift, clock_drift_uncertainty: uncertainty }: Sample): string {
  if (drift === null || uncertainty === null) return '—'
  const percents = (drift * 100).toFixed(1)
  const signed = Number(percents) < 0 ? percents.replace('-', '−') : percents.replace('-', '')
  return `${signed} ± ${(uncertainty * 100).toFixed(1)} %`
}

/** Share of the trial in which something on the hypervisor waited for a CPU. */
function share({ noise, hypervisor_noise }: Sample): string {
  const { psi_cpu_s, elapsed_s } = hypervisor_noise ?? noise
  return psi_cpu_s === null || elapsed_s === null || elapsed_s === 0
    ? 'not known'
    : percent((psi_cpu_s / elapsed_s) * 100)
}
