import type { Event, TaskFinished } from '../model/event.ts'
import type { Renderer } from '../model/renderer.ts'
import type { Value } from '../model/value.ts'
import { type FailureGroup, grouped, type HostFailure } from '../util/failure-groups.ts'
import type { AnswerLine } from './answer-line.ts'
import { diffText } from './diff-text.ts'
import { groupText } from './failure-text.ts'
import { finalFailure, interruptedText, stageFailures } from './messages.ts'
import type { Paint } from './style.ts'

/**
 * Ansible's ad-hoc form on stdout: `host | CHANGED | rc=0 >>` and the output for commands, `host | SUCCESS => {…}`
 * for other modules. A host's answer stays together. Failures come last, the same one of several hosts once.
 */
export function adhocRenderer(options: {
  readonly paint: Paint
  readonly diff: boolean
  readonly line?: AnswerLine | undefined
  stdout(text: string): void
  stderr(text: string): void
}): Renderer {
  /** Stages before the last one only prepare, e.g. find guests: of them people see failures. */
  let asked: string | undefined
  const failures: HostFailure[] = []
  const { line, paint } = options
  const stdout = (text: string) => {
    line?.clear()
    options.stdout(`${text}\n`)
  }
  const stderr = (text: string) => {
    line?.clear()
    options.stderr(`${text}\n`)
  }
  return {
    handle(event: Event) {
      line?.handle(event)
      if (event.kind === 'run.started') asked = event.stages.at(-1)?.name
      if (event.kind === 'task.change' && options.diff && event.diff) stdout(diffText(event.diff, paint))
      if (event.kind === 'task.finished') {
        const { stage, host, name: task, outcome } = event
        const isTrouble = outcome.kind === 'failed' || outcome.kind === 'unreachable'
        if (!isTrouble && stage === asked) stdout(answer(event, paint))
        if (isTrouble && (stage === asked || finalFailure(event)))
          failures.push({ stage, host, task, failure: outcome.failure })
      }
      if (event.kind === 'run.finished') {
        for (const group of grouped(failures)) stdout(groupText(group, (who) => titleOf(group, who), paint))
        for (const text of stageFailures(event, paint)) stderr(text)
      }
      if (event.kind === 'run.interrupted') stderr(paint('yellow', interruptedText(event)))
      if (event.kind === 'note' && event.level === 'warning') stderr(`warning: ${event.text}`)
    },
    async close() {
      line?.close()
    },
  }
}

/** For commands that show the answers themselves: only the line that says who has not answered yet, where there is a terminal. */
export function silentRenderer(line: AnswerLine | undefined): Renderer {
  return {
    handle: (event) => line?.handle(event),
    async close() {
      line?.close()
    },
  }
}

function titleOf({ failures }: FailureGroup, who: string): string {
  const reason = failures[0]?.failure.reason
  return `${who} | ${reason === 'unreachable' || reason === 'host-key' ? 'UNREACHABLE!' : 'FAILED'}`
}

function answer(event: TaskFinished, paint: Paint): string {
  const { outcome, data } = event
  const word = outcome.kind === 'ok' ? 'SUCCESS' : outcome.kind.toUpperCase()
  const look = outcome.kind === 'changed' ? 'yellow' : 'green'
  if (data && typeof data['stdout'] === 'string' && typeof data['rc'] === 'number') {
    const text = [data['stdout'], data['stderr']].filter(
      (part): part is string => typeof part === 'string' && part !== '',
    )
    return [paint(look, `${event.host} | ${word} | rc=${data['rc']} >>`), ...text].join('\n')
  }
  return `${paint(look, `${event.host} | ${word}`)} => ${JSON.stringify((data ?? {}) as Value, null, 4)}`
}
