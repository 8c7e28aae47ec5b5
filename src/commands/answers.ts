import type { z } from 'zod'
import { mistakesOf } from '../config/zod-diagnostics.ts'
import type { RunOutcome } from '../engine/run-options.ts'
import { ExitCode } from '../model/exit-code.ts'
import type { Failure } from '../model/failure.ts'

/** What hosts answered to the question of a command. */
export interface Answers<T> {
  readonly answers: readonly { readonly host: string; readonly answer: T }[]
  /** Hosts that gave no answer, or one that cannot be read. */
  readonly failures: RunOutcome['failures']
  readonly exitCode: ExitCode
}

/**
 * Reads the results of a module like any data from outside. A host whose answer is not as it should be is a failure, never a
 * host that said nothing. `module` stands in the message.
 */
export function answersOf<Schema extends z.ZodType>(
  outcome: Pick<RunOutcome, 'results' | 'failures' | 'exitCode'>,
  module: string,
  schema: Schema,
): Answers<z.output<Schema>> {
  const answers: { host: string; answer: z.output<Schema> }[] = []
  const unreadable: RunOutcome['failures'][number][] = []
  for (const [host, tasks] of outcome.results) {
    for (const { outcome: end, data } of tasks.values()) {
      const parsed = schema.safeParse(data)
      if (parsed.success) answers.push({ host, answer: parsed.data })
      // Whoever failed has said so.
      else if (end.kind === 'ok' || end.kind === 'changed')
        unreadable.push({ host, failure: unreadableAnswer(module, data, schema, parsed.error) })
    }
  }
  const failed = unreadable.length > 0 && outcome.exitCode === ExitCode.ok
  return {
    answers,
    failures: [...outcome.failures, ...unreadable],
    exitCode: failed ? ExitCode.taskFailed : outcome.exitCode,
  }
}

function unreadableAnswer(module: string, data: unknown, schema: z.ZodType, { issues }: z.ZodError): Failure {
  const mistakes = mistakesOf(issues, data, schema, { subject: 'it' })
  return {
    reason: 'unexpected',
    code: 'answer-unreadable',
    message: `The answer of ${module} cannot be read: ${mistakes.map(({ message }) => message).join('; ')}.`,
    hint: 'Nothing is known of what this host has. It is a mistake of hvlab’s: report it, with this message.',
  }
}
