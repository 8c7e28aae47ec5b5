import { once } from 'node:events'
import { setTimeout as timer } from 'node:timers/promises'
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

t.test('a timeout that is longer than a timer of Node does not pass at once', async (t) => {
  // Timers end in the order of their times: a deadline that Node had cut to 1 ms would pass before this.
  t.equal(await withDeadline(async () => await timer(5, 'done'), 2 ** 31, new Interruption()), 'done')
})
