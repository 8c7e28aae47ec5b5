import t from 'tap'
import { inTurn } from '../../../src/modules/benchmark/turns.ts'

const run = { runId: 'run', signal: new AbortController().signal }

t.test(
  'hosts are measured one after the other where they have one in common, and at once where not',
  async (t) => {
    const said: string[] = []
    const ends = new Map<string, () => void>()
    const work = (name: string) => async () => {
      said.push(name)
      await new Promise<void>((resolve) => ends.set(name, resolve))
      said.push(`${name} ends`)
      return name
    }
    /** Whatever can go on has gone on. */
    const settled = () => new Promise((resolve) => setImmediate(resolve))
    const works = [
      inTurn(run, ['a'], work('a')),
      inTurn(run, ['b'], work('b')),
      // Each is the far end of the other: neither may wait for the other for ever.
      inTurn(run, ['a', 'b'], work('a to b')),
      inTurn(run, ['b', 'a'], work('b to a')),
      inTurn(run, ['c'], work('c')),
      inTurn({ ...run, runId: 'another' }, ['a'], work('a of another run')),
    ]
    await settled()
    t.strictSame(said.splice(0), ['a', 'b', 'c', 'a of another run'])
    ends.get('a')?.()
    await settled()
    t.strictSame(said.splice(0), ['a ends'], 'b is still busy')
    ends.get('b')?.()
    await settled()
    t.strictSame(said.splice(0), ['b ends', 'a to b'])
    ends.get('a to b')?.()
    await settled()
    t.strictSame(said.splice(0), ['a to b ends', 'b to a'])
    for (const name of ['b to a', 'c', 'a of another run']) ends.get(name)?.()
    t.strictSame(await Promise.all(works), ['a', 'b', 'a to b', 'b to a', 'c', 'a of another run'])
  },
)

t.test('what fails, and what was cancelled while it waited, lets the next one begin', async (t) => {
  const cancelled = new AbortController()
  const failed = inTurn(run, ['a'], async () => {
    cancelled.abort(new Error('cancelled'))
    throw new Error('lost')
  })
  const waited = inTurn({ ...run, signal: cancelled.signal }, ['a'], async () => t.fail('it began'))
  const next = inTurn(run, ['a'], async () => 'next')
  await t.rejects(failed, { message: 'lost' })
  await t.rejects(waited, { message: 'cancelled' })
  t.equal(await next, 'next')
})
