import type { Event, Note, RunFinished, RunInterrupted } from '../model/event.ts'
import type { Outcome } from '../model/result.ts'
import type { HostFailure } from '../util/failure-groups.ts'
import { namesOf } from '../util/host-names.ts'
import { failureText } from './failure-text.ts'
import { indent, less, type Paint, wrapWide } from './style.ts'

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
export function finalFailure(event: Event): HostFailure | undefined {
  if (event.kind !== 'task.finished') return undefined
  const { outcome, stage, host, name } = event
  if (outcome.kind !== 'unreachable' && outcome.kind !== 'failed') return undefined
  if (isCancelled(outcome) || (outcome.kind === 'failed' && (outcome.ignored || outcome.rescued)))
    return undefined
  return { stage, host, task: name, failure: outcome.failure }
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
    const names = new Set([first, ...others].flatMap(({ host }) => host ?? []))
    return [names.size > 1 ? { ...first, host: namesOf(names) } : first]
  })
}
