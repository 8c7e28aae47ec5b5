import { intervalHeading } from '../bench/words.ts'
import type { Value } from '../model/value.ts'
import { csvLine } from '../util/csv.ts'
import { plainData } from '../util/json.ts'
import { printable } from '../util/printable.ts'
import { textTable } from '../util/text-table.ts'
import { fewestForChange } from './change-points.ts'
import type { History, HistoryChange, HistoryPoint } from './history.ts'
import { type Measure, unitOf, writeValue } from './measure.ts'
import { signedPercent } from './words.ts'

/** Columns of the drawing between the smallest and the largest value of a series. */
const drawn = 40

/** The trend for a terminal: a row a run, its median as a dot on its interval, and a line where the level changed. */
export function historyText(series: readonly History[]): string {
  return `${series.map(seriesText).join('\n\n')}\n`
}

function seriesText({ host, subject, metric, points, changes }: History): string {
  const [first] = points
  const ends = points.flatMap(({ median, low, high }) => [median, low ?? median, high ?? median])
  const [from, to] = [Math.min(...ends), Math.max(...ends)]
  const table = textTable(
    ['run', 'median', intervalHeading(points), scale(first?.measure, from, to)],
    points.map((point) => [
      printable(point.runId),
      writeValue(point.measure, point.median),
      point.low === undefined || point.high === undefined
        ? '—'
        : `${writeValue(point.measure, point.low)} … ${writeValue(point.measure, point.high)}`,
      mark(point, from, to),
    ]),
    'words',
  )
  const lines = table.flatMap((line, index) => {
    const change = changes.find(({ runId }) => runId === points[index - 1]?.runId)
    return change === undefined ? [line] : [changeLine(change), line]
  })
  const level =
    changes.length > 0
      ? []
      : [
          points.length < fewestForChange
            ? 'Too few runs to look for changes of the level.'
            : 'No change of the level.',
        ]
  return [printable(`${subject} on ${host}: ${metric}`), ...lines, ...level].join('\n')
}

function changeLine({ ratio, p, differences }: HistoryChange): string {
  const also = differences.length === 0 ? '' : `; also changed: ${differences.join('; ')}`
  return printable(`── ${signedPercent(ratio)} from here on (p = ${p.toFixed(3)})${also}`)
}

function scale(measure: Measure | undefined, from: number, to: number): string {
  if (measure === undefined) return ''
  const [low, high] = [writeValue(measure, from), writeValue(measure, to)]
  return `${low}${' '.repeat(Math.max(1, drawn - low.length - high.length))}${high}`
}

/** `──●───`: the interval and the median in it. */
function mark({ median, low, high }: HistoryPoint, from: number, to: number): string {
  const at = (value: number): number =>
    to === from ? 0 : Math.round(((value - from) / (to - from)) * (drawn - 1))
  const [start, middle, end] = [at(low ?? median), at(median), at(high ?? median)]
  return Array.from({ length: end + 1 }, (_, column) =>
    column === middle ? '●' : column >= start ? '─' : ' ',
  ).join('')
}

export function historyJson(series: readonly History[]): Value {
  return plainData({
    format: 'hvlab-history',
    format_version: 1,
    series: series.map(({ host, subject, metric, points, changes }) => ({
      host,
      subject,
      metric,
      unit: points[0] === undefined ? null : unitOf(points[0].measure),
      points: points.map(({ runId, startedAt, median, low, high, level, blocks }) => ({
        run: runId,
        started_at: startedAt,
        median,
        low: low ?? null,
        high: high ?? null,
        level: level ?? null,
        blocks,
      })),
      changes: changes.map(({ runId, ratio, p, differences }) => ({ run: runId, ratio, p, differences })),
    })),
  })
}

export function historyCsv(series: readonly History[]): string {
  const head = [
    'host',
    'subject',
    'metric',
    'unit',
    'run',
    'started_at',
    'median',
    'low',
    'high',
    'blocks',
    'change',
    'level',
  ]
  const rows = series.flatMap(({ host, subject, metric, points, changes }) =>
    points.map(({ runId, startedAt, measure, median, low, high, level, blocks }) => [
      host,
      subject,
      metric,
      unitOf(measure),
      runId,
      startedAt,
      median,
      low ?? '',
      high ?? '',
      blocks,
      changes.find((change) => change.runId === runId)?.ratio ?? '',
      level ?? '',
    ]),
  )
  return [head, ...rows].map(csvLine).join('')
}
