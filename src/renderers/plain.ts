import type { Event, TaskChange } from '../model/event.ts'
import type { Renderer } from '../model/renderer.ts'
import type { Outcome } from '../model/result.ts'
import { grouped, type HostFailure } from '../util/failure-groups.ts'
import { namesOf } from '../util/host-names.ts'
import { diffText } from './diff-text.ts'
import { taskFailures } from './failure-text.ts'
import { finalFailure, interruptedText, isCancelled, noteText, stageFailures } from './messages.ts'
import { recapText } from './recap.ts'
import { progressText } from './run-view.ts'
import { durationText, fit, type Paint } from './style.ts'

export interface PlainOptions {
  readonly paint: Paint
  readonly verbosity: number
  readonly diff: boolean
  stderr(text: string): void
  stdout(text: string): void
}

/** Silence of a long task is broken by its progress, this often. */
const PROGRESS_EVERY_MS = 15_000

/** Characters of a failure's message in the line of its task: all of it comes with the stage's end. */
const REASON = 160

/**
 * One line for each thing that ended, for CI logs and pipes. Nothing moves the cursor. Failures are told whole when their stage ends, the
 * same one of several hosts once.
 */
export function plainRenderer(options: PlainOptions): Renderer {
  const { paint, verbosity } = options
  const say = (line: string) => options.stderr(`${line}\n`)
  const spokeAt = new Map<string, number>()
  let check = false
  let failures: HostFailure[] = []
  /** Stages of several hosts: there a failure's block may come long after its line. */
  const crowded = new Set<string>()
  const tellFailures = (stage?: string) => {
    const told = failures.filter((failure) => stage === undefined || failure.stage === stage)
    failures = failures.filter((failure) => !told.includes(failure))
    for (const group of grouped(told)) {
      say(taskFailures(group, paint))
    }
  }

  return {
    handle(event: Event) {
      const time = Date.parse(event.time)
      switch (event.kind) {
        case 'run.started':
          check = event.check
          say(`${paint('bold', 'hvlab')} ${event.pipeline} · ${event.runId}${check ? ' · check mode' : ''}`)
          return
        case 'stage.started':
          if (event.hosts.length > 1) crowded.add(event.stage)
          say(
            `${paint('bold', `STAGE ${event.stage}`)} (${event.hosts.length === 0 ? 'no host' : namesOf(event.hosts)})`,
          )
          return
        case 'stage.finished':
          tellFailures(event.stage)
          if (event.outcome === 'skipped')
            say(`STAGE ${event.stage} skipped${event.why ? `: ${event.why}` : ''}`)
          return
        case 'task.started':
          spokeAt.set(keyOf(event), time)
          if (verbosity >= 2) say(`  ${event.host} | ${event.name} …`)
          return
        case 'task.output':
          if (verbosity >= 1) say(`  ${event.host} | ${event.line}`)
          return
        case 'task.progress':
          if (time - (spokeAt.get(keyOf(event)) ?? 0) < PROGRESS_EVERY_MS) return
          spokeAt.set(keyOf(event), time)
          say(`  ${event.host} | ${progressText(event)}`)
          return
        case 'task.change':
          if (check || verbosity >= 1 || (options.diff && event.diff))
            say(changeText(event, options.diff, paint))
          return
        case 'task.retry':
          say(`  ${event.host} | ${event.why} (${event.left} more ${event.left === 1 ? 'try' : 'tries'})`)
          return
        case 'task.item':
          if (verbosity >= 1)
            say(`  ${event.host} | item ${event.label}: ${outcomeWord(event.outcome, paint)}`)
          return
        case 'task.finished': {
          if (event.outcome.kind === 'skipped' && verbosity < 1) return
          const word = outcomeWord(event.outcome, paint)
          const why = verbosity >= 1 ? whyText(event.outcome) : ''
          const failure = finalFailure(event)
          if (failure) failures.push(failure)
          const reason = failure && crowded.has(event.stage) ? `: ${reasonOf(failure)}` : ''
          say(`  ${event.host} | ${word} | ${event.name}${why} (${durationText(event.durationMs)})${reason}`)
          if (verbosity >= 3 && event.data) say(`  ${event.host} | ${JSON.stringify(event.data)}`)
          return
        }
        case 'note':
          say(noteText(event, paint))
          return
        case 'run.interrupted':
          say(paint('yellow', interruptedText(event)))
          return
        case 'run.finished':
          tellFailures()
          for (const text of stageFailures(event, paint)) say(text)
          options.stdout(`\n${recapText(event, paint)}`)
          return
        default:
      }
    },
    async close() {
      tellFailures()
    },
  }
}

function reasonOf({ failure }: HostFailure): string {
  return fit(failure.message.split('\n')[0] ?? '', REASON)
}

function keyOf(event: { stage: string; host: string; task: string }): string {
  return `${event.stage} ${event.host} ${event.task}`
}

function changeText(event: TaskChange, withDiff: boolean, paint: Paint): string {
  const sign = event.applied ? '~' : '~ would'
  const head = `  ${event.host} | ${paint('yellow', sign)} ${event.summary}`
  return withDiff && event.diff ? `${head}\n${diffText(event.diff, paint)}` : head
}

/** `ok`, `changed`, … with `failed` told apart from `ignored` and `rescued`. */
export function outcomeWord(outcome: Outcome, paint: Paint): string {
  switch (outcome.kind) {
    case 'ok':
      return paint('green', 'ok')
    case 'changed':
      return paint('yellow', 'changed')
    case 'skipped':
      return paint('cyan', 'skipped')
    case 'unreachable':
      return paint('red', 'unreachable')
    case 'failed':
      if (isCancelled(outcome)) return paint('yellow', 'interrupted')
      if (outcome.ignored) return paint('magenta', 'failed, ignored')
      if (outcome.rescued) return paint('magenta', 'failed, rescued')
      return paint('red', 'failed')
  }
}

function whyText(outcome: Outcome): string {
  const why = outcome.kind === 'ok' || outcome.kind === 'skipped' ? outcome.why : undefined
  return why ? `: ${why}` : ''
}
