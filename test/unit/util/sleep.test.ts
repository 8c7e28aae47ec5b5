import { setTimeout as timer } from 'node:timers/promises'
import t from 'tap'
import { longestTimerMs, sleep } from '../../../src/util/sleep.ts'

t.test('a sleep that is longer than a timer of Node does not end at once', async (t) => {
  const waking = new AbortController()
  const sleeping = sleep(longestTimerMs + 1, waking.signal)
  // Timers end in the order of their times: one that Node had cut to 1 ms would end before this.
  t.equal(await Promise.race([sleeping.then(() => 'over'), timer(5, 'asleep')]), 'asleep')
  waking.abort()
  await t.rejects(sleeping, { name: 'AbortError' })
})

t.test('a short one ends by itself', async (t) => {
  t.equal(await sleep(1), undefined)
})
