import type { RunFinished, SummaryTable } from '../model/event.ts'
import type { RecapCounts } from '../model/result.ts'
import { textTable } from '../util/text-table.ts'
import { durationText, type Paint, wrap } from './style.ts'

const COUNTERS = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const

/** Widest line of running text: beyond it eyes lose the line, however wide the terminal is. */
const MAX_TEXT_WIDTH = 100

/** What a run prints last, on stdout: Ansible's recap (failed hosts last), the result table, the files it made. */
export function recapText(event: RunFinished, paint: Paint, columns = MAX_TEXT_WIDTH): string {
  const lines: string[] = []
  const hosts = Object.entries(event.recap).sort(byTroubleThenName)
  if (hosts.length > 0) lines.push(paint('bold', 'RECAP'), ...recapLines(hosts, paint))
  if (event.summary) lines.push('', ...tableLines(event.summary, paint, Math.min(columns, MAX_TEXT_WIDTH)))
  if (event.artifacts.length > 0) lines.push('', ...event.artifacts)
  lines.push('', paint('dim', `finished in ${durationText(event.durationMs)}`))
  return `${lines.join('\n')}\n`
}

/** Ansible's own line, so that habits and scripts keep working; columns only as wide as they must be. */
function recapLines(hosts: readonly [string, RecapCounts][], paint: Paint): string[] {
  const nameWidth = Math.max(...hosts.map(([host]) => host.length))
  const widthOf = (counter: (typeof COUNTERS)[number]) =>
    Math.max(...hosts.map(([, counts]) => String(counts[counter]).length))
  return hosts.map(([host, counts]) => {
    const cells = COUNTERS.map((counter) => {
      const text = `${counter}=${String(counts[counter]).padEnd(widthOf(counter))}`
      return counts[counter] > 0 ? paint(COUNTER_LOOK[counter], text) : text
    })
    return `${host.padEnd(nameWidth)} : ${cells.join(' ')}`.trimEnd()
  })
}

const COUNTER_LOOK = {
  ok: 'green',
  changed: 'yellow',
  unreachable: 'red',
  failed: 'red',
  skipped: 'cyan',
  rescued: 'magenta',
  ignored: 'magenta',
} as const

function byTroubleThenName([a, x]: [string, RecapCounts], [b, y]: [string, RecapCounts]): number {
  const trouble = (counts: RecapCounts) => (counts.failed + counts.unreachable > 0 ? 1 : 0)
  return trouble(x) - trouble(y) || (a < b ? -1 : 1)
}

function tableLines(table: SummaryTable, paint: Paint, columns: number): string[] {
  const [head = '', ...rows] = fitting(table, columns)
  return [
    ...wrap(table.title, columns).map((line) => paint('bold', line)),
    '',
    paint('dim', head),
    ...rows,
    ...(table.footnotes ?? []).flatMap((note) => ['', ...wrap(note, columns)]),
  ]
}

/** The last columns are the least needed: they go when a line would not fit. */
function fitting({ columns, rows }: SummaryTable, width: number): string[] {
  for (let count = columns.length; ; count -= 1) {
    const lines = textTable(
      columns.slice(0, count),
      rows.map((row) => row.slice(0, count)),
    )
    if (count <= 2 || lines.every((line) => line.length <= width)) return lines
  }
}
