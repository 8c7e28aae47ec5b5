import { doubt } from '../bench/answer.ts'
import { chainFinding } from '../bench/findings/layer-findings.ts'
import { figure, intervalHeading, percent, range, times } from '../bench/words.ts'
import { crowdColumns, crowdMeaning, crowdRows } from './crowd-rows.ts'
import { machineTable } from './environment-rows.ts'
import { grouped } from './finding-groups.ts'
import { guestNames } from './guest-names.ts'
import { guestTable, meanSentence } from './guest-table.ts'
import { english, type Language, upperFirst } from './language.ts'
import { layerColumns, layerMeaning, layerRows } from './layer-rows.ts'
import { localised } from './localised.ts'
import { methodSentences } from './method.ts'
import { metricColumns, metricRows } from './metric-rows.ts'
import { noiseColumns, noiseRows } from './noise-rows.ts'
import { publishedColumns, whyTheyDiffer } from './published.ts'
import { commands, ingredients, reproduction } from './reproduction.ts'
import type { HostResults, Results } from './results.ts'
import { leftOutColumns, leftOutRows, settingTables } from './setting-rows.ts'

/** `report.md`: what report.html says, for code hosts and terminals. */
export function reportMarkdown(original: Results, language: Language = english): string {
  const { say } = language
  const results = localised(original, language)
  const { run } = results
  return `${[
    `# ${plain(results.answer)}`,
    ...[doubt(results.comparisons)]
      .filter(Boolean)
      .map((text) => `**${say('Caution.')}** ${plain(say(text))}`),
    plain(say(`Run ${run.runId} of ${run.pipeline}, started ${run.startedAt}, hvlab ${run.version}.`)),
    ...(results.comparisons.length === 0 ? [] : compared(results, language)),
    ...results.hosts.flatMap((host) =>
      hostParts(
        host,
        results.hosts.length > 1 ? `${plain(host.benchmark.design.hypervisor)}: ` : '',
        language,
      ),
    ),
    `## ${say('Method')}`,
    ...methodSentences(original).map((sentence) => plain(say(sentence))),
    `## ${say('Measure again')}`,
    fenced(reproduction(original).map(say)),
    table(say, ['What', 'Value'], ingredients(original), ' --- '),
    say('Each trial ran one of these, with `LC_ALL=C`:'),
    fenced(commands(original)),
  ].join('\n\n')}\n`
}

/** All tables of what was compared. */
function compared(results: Results, language: Language): string[] {
  const { say } = language
  const many = results.manyGuests
  return [
    table(
      say,
      [
        'Workload',
        ...(many ? ['Guest'] : []),
        'Native',
        'In the guest',
        'Efficiency',
        'Slowdown',
        intervalHeading(results.comparisons.map(({ slowdown }) => slowdown)),
        'Per CPU-second',
      ],
      results.comparisons.map(
        ({
          workload,
          guest,
          hypervisor,
          metric,
          native,
          guestValues,
          efficiencyPercent,
          slowdown,
          perCpuSecond,
        }) => [
          workload.title,
          ...(many ? [`${guest} on ${hypervisor}`] : []),
          `${figure(native.median)} ${metric.unit}`,
          `${figure(guestValues.median)} ${metric.unit}`,
          percent(efficiencyPercent.centre),
          times(slowdown.centre),
          range(slowdown.low, slowdown.high, times),
          perCpuSecond === undefined ? '—' : times(perCpuSecond.slowdown.centre),
        ],
      ),
    ),
    ...eachGuest(results, language),
    ...layers(results, language),
    `## ${say('Every metric, by the clock and for each CPU-second')}`,
    say(
      'A CPU-second is one second of one CPU of the hypervisor: natively of the workload, for a guest of all threads of QEMU.',
    ),
    table(
      say,
      metricColumns(results.comparisons),
      metricRows(results.comparisons, guestNames(results.comparisons, language)),
    ),
  ]
}

/** A row for each guest where there are several; the geometric mean, never without what it is a mean of. */
function eachGuest({ comparisons, overall, manyGuests }: Results, language: Language): string[] {
  const { say } = language
  const mean = meanSentence(overall, language)
  const { columns, rows } = guestTable(overall, guestNames(comparisons, language))
  return [
    ...(manyGuests ? [`## ${say('Slowdown of each guest')}`, table(say, columns, rows)] : []),
    ...(mean === '' ? [] : [plain(mean)]),
  ]
}

function layers({ chains }: Results, { say }: Language): string[] {
  if (chains.length === 0) return []
  return [
    `## ${say('Layers multiply')}`,
    chains.map((chain) => `- ${plain(say(chainFinding(chain).text))}`).join('\n'),
    table(say, layerColumns, layerRows(chains)),
    say(layerMeaning),
  ]
}

function hostParts(host: HostResults, on: string, language: Language): string[] {
  const { say } = language
  const { benchmark, findings, published, crowding } = host
  const settings = settingTables(host)
  const machines = machineTable(benchmark.environments)
  const leftOut = leftOutRows(benchmark)
  return [
    heading(on, say('what the figures mean')),
    findings.length === 0
      ? say('Nothing in the record bends these figures.')
      : grouped(findings, language)
          .map(({ level, text }) => `- ${level === 'caution' ? `**${say('Caution.')}** ` : ''}${plain(text)}`)
          .join('\n'),
    ...(published.length === 0
      ? []
      : [
          heading(on, say('against the published figures')),
          table(
            say,
            publishedColumns,
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
          ...whyTheyDiffer(published).map(plain),
        ]),
    ...(crowding.length === 0
      ? []
      : [
          heading(on, say('several guests at once')),
          table(say, crowdColumns(crowding), crowdRows(crowding)),
          say(crowdMeaning),
        ]),
    ...settings.flatMap(({ title, columns, rows, sentence }) => [
      heading(on, say(title)),
      table(say, columns, rows),
      plain(say(sentence)),
    ]),
    ...(settings.length === 0 || leftOut.length === 0 ? [] : [table(say, leftOutColumns, leftOut, ' --- ')]),
    heading(on, say('the machines')),
    table(
      say,
      ['', ...machines.columns.map(({ name }) => name)],
      machines.rows.map(([name, values]) => [name, ...values]),
      ' --- ',
    ),
    heading(on, say('trials and gates on noise')),
    table(say, noiseColumns, noiseRows(benchmark)),
  ]
}

function heading(on: string, text: string): string {
  return `## ${on === '' ? upperFirst(text) : on + text}`
}

/** Words on the left; figures on the right unless told otherwise. */
function table(
  say: Language['say'],
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  rest: ' --- ' | ' ---: ' = ' ---: ',
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => plain(say(cell))).join(' | ')} |`
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
