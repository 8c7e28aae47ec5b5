import { setImmediate as immediate, setTimeout as timer } from 'node:timers/promises'
import t from 'tap'
import { withDeadline } from '../../../src/engine/deadline.ts'
import { Interruption } from '../../../src/engine/interruption.ts'

t.test('a task may have any number of commands at once', async (t) => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  await withDeadline(
    async (signal) => {
      for (let command = 0; command < 50; command++) signal.addEventListener('abort', () => {})
    },
    60_000,
    new Interruption(),
  )
  // Warnings are told in the next tick.
  await immediate()
  process.off('warning', onWarning)
  t.same(warnings, [])
})

t.test('a timeout that is longer than a timer of Node does not pass at once', async (t) => {
  // Timers end in the order of their times: a deadline that Node had cut to 1 ms would pass before this.
  t.equal(await withDeadline(async () => await timer(5, 'done'), 2 ** 31, new Interruption()), 'done')
})
