import type { Event, Note, RunFinished, RunInterrupted } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import type { Location } from '../model/location.ts'
import type { Outcome } from '../model/result.ts'
import { indent, type Paint, wrapWide } from './style.ts'

/**
 * A failure as people read it: what, where, the evidence, what to do. No trailing newline.
 * `title` says which stage, host and task it belongs to; `columns` how wide the terminal is, which breaks words otherwise.
 */
export function failureText(failure: Failure, title: string, paint: Paint, columns?: number): string {
  return [
    `${paint('red', '✖')} ${paint('bold', title)}`,
    indent(wrapWide(failure.message, less(columns, 2)), '  '),
    ...(failure.details ? [indent(failure.details.trimEnd(), paint('dim', '  │ '))] : []),
    ...(failure.hint
      ? [
          indent(wrapWide(`hint: ${failure.hint}`, less(columns, 2)), '  ').replace(
            'hint:',
            paint('cyan', 'hint:'),
          ),
        ]
      : []),
    ...(failure.location ? [`  ${paint('dim', `${placeOf(failure.location)}[${failure.code}]`)}`] : []),
  ].join('\n')
}

function placeOf({ file, line }: Location): string {
  return line === 0 ? '' : `at ${file}:${line} `
}

/** What a person or a deadline ended is no failure of the task. */
export function isCancelled(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.failure.reason === 'cancelled'
}

/** Why the run stops. The second interruption ends it at once. */
export function interruptedText({ signal, times }: RunInterrupted): string {
  const why = signal === 'deadline' ? 'the deadline has passed' : `interrupted by ${signal}`
  return times > 1 ? `${why} again, not waiting any longer` : `${why}, stopping`
}

/** A failure that a person must see: not ignored, not rescued, not of an interruption. */
export function finalFailure(event: Event): { failure: Failure; title: string } | undefined {
  if (event.kind !== 'task.finished') return undefined
  const { outcome } = event
  if (isCancelled(outcome)) return undefined
  const title = `${event.stage} · ${event.host} · ${event.name}`
  if (outcome.kind === 'unreachable') return { failure: outcome.failure, title }
  if (outcome.kind === 'failed' && !outcome.ignored && !outcome.rescued)
    return { failure: outcome.failure, title }
  return undefined
}

/** Failures of no task, e.g. a stage whose pattern matches no host: nothing else showed them. */
export function stageFailures({ failures }: RunFinished, paint: Paint, columns?: number): string[] {
  return failures
    .filter(({ task }) => task === undefined)
    .map(({ failure, stage, host }) =>
      failureText(failure, [stage ?? 'run', host].filter(Boolean).join(' · '), paint, columns),
    )
}

export function noteText(note: Note, paint: Paint, columns?: number): string {
  const [sign, color] =
    note.level === 'warning' ? (['! warning:', 'yellow'] as const) : (['i', 'cyan'] as const)
  const text = `${sign} ${note.host === undefined ? '' : `${note.host}: `}${note.text}`
  return indent(wrapWide(text, less(columns, 2)), '  ')
    .trimStart()
    .replace(sign, paint(color, sign))
}

/** Notes that hosts have in the same words are one, or a fleet would fill the screen with them. In the order of their first. */
export function gathered(notes: readonly Note[]): Note[] {
  const groups = new Map<string, Note[]>()
  for (const note of notes) {
    const key = JSON.stringify([note.level, note.text, note.host === undefined])
    groups.set(key, [...(groups.get(key) ?? []), note])
  }
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    const names = [...new Set([first, ...others].flatMap(({ host }) => host ?? []))].sort()
    return [names.length > 1 ? { ...first, host: hostsText(names) } : first]
  })
}

function hostsText(names: readonly string[]): string {
  const shown = 4
  if (names.length <= shown + 1) return names.join(', ')
  return `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
}

function less(columns: number | undefined, margin: number): number | undefined {
  return columns === undefined ? undefined : columns - margin
}
