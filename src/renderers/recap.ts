import type { RunFinished, SummaryTable } from '../model/event.ts'
import type { RecapCounts } from '../model/result.ts'
import { durationText, type Paint } from './style.ts'

const COUNTERS = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const

/** What a run prints last, on stdout: Ansible's recap (failed hosts last), the result table, the files it made. */
export function recapText(event: RunFinished, paint: Paint): string {
  const lines: string[] = []
  const hosts = Object.entries(event.recap).sort(byTroubleThenName)
  if (hosts.length > 0)
    lines.push(paint('bold', 'RECAP'), ...hosts.map(([host, counts]) => recapLine(host, counts, paint)))
  if (event.summary) lines.push('', ...tableLines(event.summary, paint))
  if (event.artifacts.length > 0) lines.push('', ...event.artifacts.map((path) => path))
  lines.push('', `${paint('dim', `finished in ${durationText(event.durationMs)}`)}`)
  return `${lines.join('\n')}\n`
}

/** Ansible's own columns, so that habits and scripts keep working. */
export function recapLine(host: string, counts: RecapCounts, paint: Paint): string {
  const cells = COUNTERS.map((counter) => {
    const text = `${counter}=${String(counts[counter]).padEnd(4)}`
    return counts[counter] > 0 ? paint(COUNTER_LOOK[counter], text) : text
  })
  return `${host.padEnd(26)} : ${cells.join(' ')}`.trimEnd()
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

/** The first column reads from the left, the others are numbers and align right. */
export function tableLines(table: SummaryTable, paint: Paint): string[] {
  const rows = [table.columns, ...table.rows]
  const widths = table.columns.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [
    paint('bold', table.title),
    paint('dim', line(table.columns)),
    ...table.rows.map(line),
    ...(table.footnotes ?? []).map((note) => paint('dim', note)),
  ]
}
