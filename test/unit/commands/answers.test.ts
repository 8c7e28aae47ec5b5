import t from 'tap'
import { z } from 'zod'
import { answersOf } from '../../../src/commands/answers.ts'
import { ExitCode } from '../../../src/model/exit-code.ts'
import type { Failure } from '../../../src/model/failure.ts'
import type { TaskResult } from '../../../src/model/result.ts'

const schema = z.object({ guests: z.array(z.object({ name: z.string(), address: z.string() })) })
const good: TaskResult = {
  outcome: { kind: 'ok' },
  data: { guests: [{ name: 'guest1', address: '10.0.0.1' }] },
}
const lost: Failure = { reason: 'unreachable', code: 'ssh-refused', message: 'Nothing listens there.' }
const results = (hosts: Readonly<Record<string, TaskResult>>) =>
  new Map(Object.entries(hosts).map(([host, result]) => [host, new Map([['status/0', result]])]))

t.test('an answer that is not as it should be is a failure of its host', async (t) => {
  const odd: TaskResult = { outcome: { kind: 'ok' }, data: { guests: [{ name: 'guest2', address: 7 }] } }
  const found = answersOf(
    {
      results: results({ a: good, b: odd, c: { outcome: { kind: 'changed' }, data: {} } }),
      failures: [],
      exitCode: ExitCode.ok,
    },
    'libvirt_lab',
    schema,
  )
  t.strictSame(found.answers, [{ host: 'a', answer: good.data }])
  t.equal(found.exitCode, ExitCode.taskFailed)
  t.match(found.failures, [
    {
      host: 'b',
      failure: {
        code: 'answer-unreadable',
        message: 'The answer of libvirt_lab cannot be read: "address" must be text, not the number 7.',
      },
    },
    {
      host: 'c',
      failure: { message: 'The answer of libvirt_lab cannot be read: "guests" is missing in it.' },
    },
  ])
})

t.test('a host that failed has said why; what it knows all the same is an answer', async (t) => {
  const failures = [{ host: 'b', failure: lost }]
  const unreachable: TaskResult = { outcome: { kind: 'unreachable', failure: lost }, data: {} }
  const failed: TaskResult = { outcome: { kind: 'failed', failure: lost }, data: good.data }
  const found = answersOf(
    { results: results({ a: failed, b: unreachable }), failures, exitCode: ExitCode.unreachable },
    'preflight',
    schema,
  )
  t.strictSame(found.answers, [{ host: 'a', answer: good.data }])
  t.strictSame(found.failures, failures)
  t.equal(found.exitCode, ExitCode.unreachable)
})
