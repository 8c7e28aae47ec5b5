import { withoutName } from '../util/failure-groups.ts'
import { namesOf } from '../util/host-names.ts'
import { counted } from '../util/words.ts'
import type { HostView, RunView, StageView } from './run-view.ts'
import { clock, durationText, fit, type Paint } from './style.ts'

/** More hosts than this are summed up in one line, so that the picture always fits a terminal. */
const HOST_ROWS = 8
/** Names of several hosts that leave room for what they have in common. Characters. */
const LONGEST_NAMES = 24
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/**
 * The lines of one stage: itself, and below it the hosts it runs on. Pure; `now` in ms since the epoch. The caller cuts
 * them to the terminal's width; names take at most half of it.
 */
export function stageLines(
  view: RunView,
  stage: StageView,
  now: number,
  paint: Paint,
  columns: number,
): string[] {
  const longest = Math.max(...[...view.stages.keys()].map((name) => name.length))
  const width = Math.min(longest, Math.max(8, Math.floor(columns / 2)))
  const name = fit(stage.name, width).padEnd(width)
  switch (stage.status) {
    case 'waiting':
      return [paint('dim', `· ${name}`)]
    case 'ok':
      return [`${paint('green', '✔')} ${name}  ${paint('dim', summary(stage))}`]
    case 'skipped':
      return [paint('dim', `- ${name}  skipped${stage.why ? `: ${stage.why}` : ''}`)]
    case 'cancelled':
      return [`${paint('yellow', '■')} ${name}  stopped`]
    case 'failed':
      return [`${paint('red', '✖')} ${name}  ${paint('dim', summary(stage))}`, ...troubleRows(stage, paint)]
    case 'running': {
      const frame = SPINNER[Math.floor(now / 200) % SPINNER.length] ?? ''
      const head = `${paint('cyan', frame)} ${paint('bold', name)}  ${paint('dim', clock(now - stage.startedAt))}`
      const stopping = view.stopping === undefined ? '' : `  ${paint('yellow', view.stopping)}`
      return [head + stopping, ...hostRows(stage, now, paint, columns)]
    }
  }
}

function hostRows(stage: StageView, now: number, paint: Paint, columns: number): string[] {
  const hosts = [...stage.hosts.values()]
  if (hosts.length > HOST_ROWS) return crowdRows(hosts, paint)
  const longest = Math.max(...hosts.map((host) => host.name.length))
  const width = Math.min(24, longest, Math.max(6, Math.floor(columns / 3)))
  return hosts.flatMap((host) => {
    const name = fit(host.name, width).padEnd(width)
    if (host.trouble) return [`  ${paint('red', '✖')} ${name}  ${host.trouble}`]
    if (host.done || host.task === undefined) return [paint('dim', `    ${name}`)]
    const row = `    ${name}  ${host.task} ${paint('dim', clock(now - host.taskSince))}`
    return host.line === undefined ? [row] : [row, paint('dim', `    ${' '.repeat(width)}  ${host.line}`)]
  })
}

/** Which tasks the many are at, and why hosts failed; the most common first. */
function crowdRows(hosts: readonly HostView[], paint: Paint): string[] {
  return byLabel(hosts, (host) =>
    host.trouble !== undefined
      ? `${paint('red', '✖')} ${troubleOf(host)}`
      : host.done || host.task === undefined
        ? 'waiting'
        : host.task,
  )
    .slice(0, HOST_ROWS)
    .map(([label, some]) => `    ${paint('dim', counted(some.length, 'host').padEnd(10))}  ${label}`)
}

/** Hosts with the same trouble are one row. */
function troubleRows(stage: StageView, paint: Paint): string[] {
  const troubled = [...stage.hosts.values()].filter((host) => host.trouble !== undefined)
  const rows = byLabel(troubled, troubleOf)
  const shown = rows.slice(0, HOST_ROWS)
  const rest = rows.slice(HOST_ROWS).flatMap(([, some]) => some).length
  return [
    ...shown.map(([trouble, some]) => {
      const text = some.length === 1 ? some[0]?.trouble : trouble
      return `  ${paint('red', '✖')} ${whoOf(some)}  ${text}`
    }),
    ...(rest > 0 ? [paint('dim', `    and ${counted(rest, 'more host')}`)] : []),
  ]
}

function troubleOf({ trouble = '', name }: HostView): string {
  return withoutName(trouble, name)
}

function whoOf(hosts: readonly HostView[]): string {
  const names = namesOf(hosts.map(({ name }) => name))
  return names.length > LONGEST_NAMES ? counted(hosts.length, 'host') : names
}

function byLabel(hosts: readonly HostView[], labelOf: (host: HostView) => string): [string, HostView[]][] {
  const found = new Map<string, HostView[]>()
  for (const host of hosts) {
    const label = labelOf(host)
    found.set(label, [...(found.get(label) ?? []), host])
  }
  return [...found].sort((a, b) => b[1].length - a[1].length)
}

function summary(stage: StageView): string {
  const parts = [durationText(stage.durationMs)]
  if (stage.hosts.size > 1) parts.unshift(counted(stage.hosts.size, 'host'))
  if (stage.changed > 0) parts.push(`${stage.changed} changed`)
  if (stage.failed > 0) parts.push(`${stage.failed} failed`)
  return parts.join(', ')
}
