import type { Crowding } from '../bench/crowding.ts'
import type { Finding } from '../bench/finding.ts'
import type { Environment, Sample } from '../bench/record.ts'
import { figure, listed, percent, times } from '../bench/words.ts'
import { headline } from '../bench/workload-file.ts'
import { crowdColumns, crowdMeaning, crowdRows } from './crowd-rows.ts'
import { environmentRows } from './environment-rows.ts'
import { drawing, keyed } from './html-figure.ts'
import { scrollingTable } from './html-table.ts'
import { type Html, html, prose } from './markup.ts'
import type { AgainstPublished } from './published.ts'
import type { HostResults } from './results.ts'
import { trialsChart } from './trials-chart.ts'

/** Everything about one hypervisor and its guests. */
export async function hostSection(host: HostResults, many: boolean): Promise<Html> {
  const { design, environments } = host.benchmark
  const chart = await trialsChart(host.benchmark)
  const on = many ? `${design.hypervisor}: ` : ''
  return html`<section>
<h2>${on}what the figures mean</h2>
${findingList(host.findings)}
${publishedSection(host.published, on)}
${crowdSection(host.crowding, on)}
<h2>${on}the machines</h2>
${machines(environments)}
<h2>${on}the trials</h2>
${drawing(
  chart,
  `Every trial on ${design.hypervisor} in order, as a share of its subject's median.`,
  html`Every trial in the order in which it ran (below), as a share of the median of its own subject: ${keyed('native', 'native')}, ${keyed('guest', 'guest')}. Dots that are ${keyed('hollow', 'hollow')} failed a gate on noise.`,
)}
<details><summary>All ${host.benchmark.samples.length} trials</summary>
<div class="scroll">${samplesTable(host)}</div>
</details>
</section>`
}

function crowdSection(crowding: readonly Crowding[], on: string): Html {
  if (crowding.length === 0) return html``
  return html`<h2>${on}several guests at once</h2>
${scrollingTable(crowdColumns, crowdRows(crowding))}
<p>${crowdMeaning}</p>`
}

function findingList(findings: readonly Finding[]): Html {
  if (findings.length === 0) return html`<p>Nothing in the record bends these figures.</p>`
  return html`<ul class="findings">
${findings.map(({ level, text }) => (level === 'caution' ? html`<li class="caution"><span class="mark">Caution.</span> ${prose(text)}</li>` : html`<li>${prose(text)}</li>`))}
</ul>`
}

function publishedSection(published: readonly AgainstPublished[], on: string): Html {
  if (published.length === 0) return html``
  return html`<h2>${on}against the published figures</h2>
<p>The lab that hvlab automates was published with two figures from a guest and “96–99 % overhead”. Here they stand beside what this run measured.</p>
<table class="stack">
<thead><tr><th scope="col">Workload</th><th scope="col">Published</th><th scope="col">Guest</th><th scope="col">Native</th><th scope="col">Overhead as published</th><th scope="col">Overhead here</th><th scope="col">Slowdown here</th></tr></thead>
<tbody>
${published.map(
  (entry) => html`<tr><th scope="row">${entry.title}<br><small>${entry.unit}, ${entry.guest}</small></th>
<td data-label="Published">${entry.published}</td>
<td data-label="Guest">${figure(entry.measuredGuest)}</td>
<td data-label="Native">${figure(entry.measuredNative)}</td>
<td data-label="Overhead as published">${entry.publishedOverhead}</td>
<td data-label="Overhead here">${percent(entry.measuredOverheadPercent)}</td>
<td data-label="Slowdown here" class="strong">${times(entry.slowdown)}</td></tr>`,
)}
</tbody>
</table>
<h3>Why they differ</h3>
${published.map(({ why }) => html`<p>${prose(why)}</p>`)}`
}

function machines(environments: readonly Environment[]): Html {
  return html`<div class="scroll machines"><table class="facts">
<thead><tr><th scope="col"></th>${environments.map(({ subject, kind, hypervisor }) => html`<th scope="col"><span class="key ${kind}"></span>${kind === 'native' ? `${subject} (${hypervisor})` : subject}</th>`)}</tr></thead>
<tbody>
${environmentRows(environments).map(([name, values]) => html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td>${value}</td>`)}</tr>`)}
</tbody>
</table></div>`
}

function samplesTable({ benchmark: { design, samples } }: HostResults): Html {
  const row = (sample: Sample): Html => {
    const workload = design.workloads.find(({ id }) => id === sample.workload)
    const metric = workload === undefined ? undefined : headline(workload)
    const value = metric === undefined ? undefined : sample.metrics[metric.field]
    return html`<tr><td>${sample.order + 1}</td><td>${blockText(sample)}</td><td>${sample.workload}</td><td>${sample.subject}</td>
<td>${value === undefined ? '—' : figure(value)} <small>${metric?.unit ?? ''}</small></td>
<td>${sample.host_cpu_s === null ? '—' : `${figure(sample.host_cpu_s)} s`}</td><td>${sample.clocksource ?? '—'}</td><td>${drift(sample)}</td><td>${share(sample)}</td><td>${listed(sample.flags) || '—'}</td></tr>`
  }
  return html`<table>
<thead><tr><th scope="col">Trial</th><th scope="col">Block</th><th scope="col">Workload</th><th scope="col">Subject</th><th scope="col">Result</th><th scope="col">CPU-seconds</th><th scope="col">Clock</th><th scope="col">Its drift</th><th scope="col">CPU pressure</th><th scope="col">Flags</th></tr></thead>
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
  return `${(drift * 100).toFixed(1)} ± ${(uncertainty * 100).toFixed(1)} %`
}

/** Share of the trial in which something on the hypervisor waited for a CPU. */
function share({ noise, hypervisor_noise }: Sample): string {
  const { psi_cpu_s, elapsed_s } = hypervisor_noise ?? noise
  return psi_cpu_s === null || elapsed_s === null || elapsed_s === 0
    ? 'not known'
    : percent((psi_cpu_s / elapsed_s) * 100)
}
