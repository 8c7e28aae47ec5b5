import type { Event, RunFinished, TaskProgress } from '../model/event.ts'
import type { Outcome } from '../model/result.ts'
import { interruptedText, isCancelled } from './messages.ts'

/** What a terminal shows of a run: stages, and for a running stage its hosts with their current task. */
export interface RunView {
  title: string
  readonly stages: Map<string, StageView>
  finished?: RunFinished
  /** Why everything is being stopped. */
  stopping?: string
}

export interface StageView {
  readonly name: string
  status: 'waiting' | 'running' | 'ok' | 'failed' | 'skipped' | 'cancelled'
  why?: string
  startedAt: number
  durationMs: number
  changed: number
  failed: number
  readonly hosts: Map<string, HostView>
}

export interface HostView {
  readonly name: string
  task?: string
  taskSince: number
  /** The last progress of the current task; its last line of output where it tells none. */
  line?: string
  progresses?: boolean
  trouble?: string
  done: boolean
}

export function emptyView(): RunView {
  return { title: '', stages: new Map() }
}

/** Folds an event into the view. Times come from the events, so that a replay shows the same. */
export function applyEvent(view: RunView, event: Event): void {
  const time = Date.parse(event.time)
  if (event.kind === 'run.started') {
    view.title = `${event.pipeline} · ${event.runId}${event.check ? ' · check mode' : ''}`
    for (const stage of event.stages) view.stages.set(stage.name, newStage(stage.name))
    return
  }
  if (event.kind === 'run.interrupted') {
    view.stopping = interruptedText(event)
    return
  }
  if (event.kind === 'run.finished') {
    view.finished = event
    return
  }
  if (!('stage' in event) || event.stage === undefined) return
  const stage = view.stages.get(event.stage) ?? newStage(event.stage)
  view.stages.set(event.stage, stage)
  if (event.kind === 'stage.started') {
    Object.assign(stage, { status: 'running', startedAt: time })
    for (const name of event.hosts) hostOf(stage, name, time)
  } else if (event.kind === 'stage.finished') {
    Object.assign(stage, { status: event.outcome, durationMs: event.durationMs, why: event.why })
  } else if ('task' in event && event.task !== undefined && event.host !== undefined) {
    applyTaskEvent(stage, hostOf(stage, event.host, time), event, time)
  }
}

function applyTaskEvent(stage: StageView, host: HostView, event: Event, time: number): void {
  switch (event.kind) {
    case 'task.started':
      Object.assign(host, {
        task: event.name,
        taskSince: time,
        line: undefined,
        progresses: false,
        done: false,
      })
      return
    case 'task.output':
      if (host.progresses !== true && event.line.trim() !== '') host.line = event.line
      return
    case 'task.progress':
      Object.assign(host, { line: progressText(event), progresses: true })
      return
    case 'task.retry':
      host.line = `${event.why} (${event.left} more ${event.left === 1 ? 'try' : 'tries'})`
      return
    case 'task.finished':
      host.done = true
      if (event.outcome.kind === 'changed') stage.changed += 1
      noteTrouble(stage, host, event.outcome)
      return
    default:
  }
}

function noteTrouble(stage: StageView, host: HostView, outcome: Outcome): void {
  if (outcome.kind !== 'failed' && outcome.kind !== 'unreachable') return
  if (isCancelled(outcome)) return
  if (outcome.kind === 'failed' && (outcome.ignored || outcome.rescued)) return
  stage.failed += 1
  host.trouble = outcome.failure.message.split('\n')[0] ?? ''
}

/** `unpacking 61 %`, `push 120/405 MiB`, `trial 7/24`. */
export function progressText(progress: Pick<TaskProgress, 'text' | 'done' | 'total' | 'unit'>): string {
  const { text, done, total, unit } = progress
  if (done === undefined || total === undefined || total <= 0) return text
  if (unit === 'bytes') return `${text} ${mebibytes(done)}/${mebibytes(total)} MiB`
  if (unit === 'trials' || unit === 'steps') return `${text} ${done}/${total}`
  return `${text} ${Math.floor((100 * done) / total)} %`
}

function mebibytes(bytes: number): string {
  return Math.round(bytes / 2 ** 20).toString()
}

function newStage(name: string): StageView {
  return { name, status: 'waiting', startedAt: 0, durationMs: 0, changed: 0, failed: 0, hosts: new Map() }
}

function hostOf(stage: StageView, name: string, time: number): HostView {
  const known = stage.hosts.get(name)
  if (known) return known
  const host: HostView = { name, taskSince: time, done: false }
  stage.hosts.set(name, host)
  return host
}
