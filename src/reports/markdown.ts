import { figure, percent, range, times } from '../bench/words.ts'
import { crowdColumns, crowdMeaning, crowdRows } from './crowd-rows.ts'
import { environmentRows } from './environment-rows.ts'
import { commands, methodSentences, reproduction } from './method.ts'
import { metricColumns, metricRows } from './metric-rows.ts'
import type { HostResults, Results } from './results.ts'

/** `report.md`: what report.html says, for code hosts and terminals. */
export function reportMarkdown(results: Results): string {
  const { run, manyGuests: many } = results
  return `${[
    `# ${plain(results.answer)}`,
    plain(`Run ${run.runId} of ${run.pipeline}, started ${run.startedAt}, hvlab ${run.version}.`),
    table(
      [
        'Workload',
        ...(many ? ['Guest'] : []),
        'Native',
        'In the guest',
        'Efficiency',
        'Slowdown',
        '95 % interval',
      ],
      results.comparisons.map(
        ({ workload, guest, hypervisor, metric, native, guestValues, efficiencyPercent, slowdown }) => [
          workload.title,
          ...(many ? [`${guest} on ${hypervisor}`] : []),
          `${figure(native.median)} ${metric.unit}`,
          `${figure(guestValues.median)} ${metric.unit}`,
          percent(efficiencyPercent.centre),
          times(slowdown.centre),
          range(slowdown.low, slowdown.high, times),
        ],
      ),
    ),
    '## Every metric, by the clock and for each CPU-second',
    'A CPU-second is one second of one CPU of the hypervisor: natively of the workload, for a guest of all threads of QEMU.',
    table(metricColumns, metricRows(results.comparisons, many)),
    ...results.hosts.flatMap((host) =>
      hostParts(host, results.hosts.length > 1 ? `${plain(host.benchmark.design.hypervisor)}: ` : ''),
    ),
    '## Method',
    ...methodSentences(results).map(plain),
    '## Measure again',
    fenced(reproduction(results)),
    'Each trial ran one of these, with `LC_ALL=C`:',
    fenced(commands(results)),
  ].join('\n\n')}\n`
}

function hostParts({ benchmark, findings, published, crowding }: HostResults, on: string): string[] {
  const { environments } = benchmark
  return [
    heading(on, 'what the figures mean'),
    findings.length === 0
      ? 'Nothing in the record bends these figures.'
      : findings
          .map(({ level, text }) => `- ${level === 'caution' ? '**Caution.** ' : ''}${plain(text)}`)
          .join('\n'),
    ...(published.length === 0
      ? []
      : [
          heading(on, 'against the published figures'),
          table(
            [
              'Workload',
              'Published',
              'Guest',
              'Native',
              'Overhead as published',
              'Overhead here',
              'Slowdown here',
            ],
            published.map((entry) => [
              `${entry.title}, ${entry.unit}, ${entry.guest}`,
              String(entry.published),
              figure(entry.measuredGuest),
              figure(entry.measuredNative),
              entry.publishedOverhead,
              percent(entry.measuredOverheadPercent),
              times(entry.slowdown),
            ]),
          ),
          ...published.map(({ why }) => plain(why)),
        ]),
    ...(crowding.length === 0
      ? []
      : [heading(on, 'several guests at once'), table(crowdColumns, crowdRows(crowding)), crowdMeaning]),
    heading(on, 'the machines'),
    table(
      [
        '',
        ...environments.map(({ subject, hypervisor, kind }) =>
          kind === 'native' ? `${subject} (${hypervisor})` : subject,
        ),
      ],
      environmentRows(environments).map(([name, values]) => [name, ...values]),
      ' --- ',
    ),
  ]
}

function heading(on: string, text: string): string {
  return `## ${on === '' ? text.charAt(0).toUpperCase() + text.slice(1) : on + text}`
}

/** Words on the left; figures on the right unless told otherwise. */
function table(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  rest: ' --- ' | ' ---: ' = ' ---: ',
): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(plain).join(' | ')} |`
  return [
    line(columns),
    `|${columns.map((_, index) => (index === 0 ? ' --- ' : rest)).join('|')}|`,
    ...rows.map(line),
  ].join('\n')
}

/** A fence longer than any run of backticks inside. */
function fenced(lines: readonly string[]): string {
  const text = lines.join('\n')
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}sh\n${text}\n${fence}`
}

/** Text of hosts as text: no markup, no new line, no cell boundary. */
function plain(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').replace(/[\\`*_[\]<>|#]/g, (character) => `\\${character}`)
}
