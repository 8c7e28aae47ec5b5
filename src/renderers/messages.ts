import type { Event, Note } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import { indent, type Paint } from './style.ts'

/**
 * A failure as people read it: what, where, the evidence, what to do. No trailing newline.
 * `title` says which stage, host and task it belongs to.
 */
export function failureText(failure: Failure, title: string, paint: Paint): string {
  const place = failure.location ? `${failure.location.file}:${failure.location.line}` : undefined
  return [
    `${paint('red', '✖')} ${paint('bold', title)}`,
    indent(failure.message, '  '),
    ...(failure.details ? [indent(failure.details.trimEnd(), paint('dim', '  │ '))] : []),
    ...(failure.hint ? [`  ${paint('cyan', 'hint:')} ${failure.hint}`] : []),
    ...(place ? [`  ${paint('dim', `at ${place} [${failure.code}]`)}`] : []),
  ].join('\n')
}

/** A failure that a person must see: not ignored, not rescued. */
export function finalFailure(event: Event): { failure: Failure; title: string } | undefined {
  if (event.kind !== 'task.finished') return undefined
  const { outcome } = event
  const title = `${event.stage} · ${event.host} · ${event.name}`
  if (outcome.kind === 'unreachable') return { failure: outcome.failure, title }
  if (outcome.kind === 'failed' && !outcome.ignored && !outcome.rescued)
    return { failure: outcome.failure, title }
  return undefined
}

export function noteText(note: Note, paint: Paint): string {
  const sign = note.level === 'warning' ? paint('yellow', '! warning:') : paint('cyan', 'i')
  return `${sign} ${note.host === undefined ? '' : `${note.host}: `}${indent(note.text, '  ').trimStart()}`
}
