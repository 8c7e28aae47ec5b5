import type { Event } from '../../src/model/event.ts'

type Kind = Event['kind']

/** Events of one kind. */
export function ofKind<K extends Kind>(events: readonly Event[], kind: K): Extract<Event, { kind: K }>[] {
  return events.filter((event): event is Extract<Event, { kind: K }> => event.kind === kind)
}

/** The last event of a run that ended. */
export function runFinished(events: readonly Event[]): Extract<Event, { kind: 'run.finished' }> {
  const [finished] = ofKind(events, 'run.finished')
  if (finished === undefined) throw new Error('the run has no run.finished event')
  return finished
}

/** Failures as `stage host task: message`, so that a test that compares them with none shows them. */
export function failuresIn(events: readonly Event[]): string[] {
  return runFinished(events).failures.map(
    ({ stage, host, task, failure }) =>
      `${stage ?? '-'} ${host ?? '-'} ${task ?? '-'}: ${failure.message}${failure.details ? `\n${failure.details}` : ''}`,
  )
}

/** Tasks that changed something, as `stage host name`; stages after `upTo` (itself included) do not count. */
export function changedTasks(events: readonly Event[], upTo?: string): string[] {
  return ofKind(events, 'task.finished')
    .filter(({ outcome, stage }) => outcome.kind === 'changed' && stage !== upTo)
    .map(({ stage, host, name }) => `${stage} ${host} ${name}`)
}

/** Seconds from the start of the run to the start of a stage, or to its end. */
export function secondsTo(events: readonly Event[], kind: 'stage.started' | 'stage.finished', stage: string) {
  const [first] = events
  const event = ofKind(events, kind).find((candidate) => candidate.stage === stage)
  if (first === undefined || event === undefined) throw new Error(`the run has no ${kind} of ${stage}`)
  return (Date.parse(event.time) - Date.parse(first.time)) / 1000
}
