import { once } from 'node:events'
import t from 'tap'
import { withDeadline } from '../../../src/engine/deadline.ts'
import { Interruption } from '../../../src/engine/interruption.ts'

t.test('a task may have any number of commands at once', async (t) => {
  const warned = once(process, 'warning').then(([warning]) => warning as Error)
  await withDeadline(
    async (signal) => {
      for (let command = 0; command < 50; command++) signal.addEventListener('abort', () => {})
    },
    60_000,
    new Interruption(),
  )
  // Warnings are told in the next tick; this one comes after those that were due.
  process.emitWarning('none was due')
  t.equal((await warned).message, 'none was due')
})
