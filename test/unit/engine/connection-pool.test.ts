import t from 'tap'
import { ConnectionPool } from '../../../src/engine/connection-pool.ts'
import { Secrets } from '../../../src/engine/secrets.ts'
import type { Connection } from '../../../src/model/connection.ts'
import { type Deferred, deferred } from '../../../src/util/deferred.ts'

t.test('an attempt that fails after a reset takes nothing away from the next', async (t) => {
  const attempts: Deferred<Connection>[] = []
  const pool = new ConnectionPool({
    open: async () => {
      const attempt = deferred<Connection>()
      attempts.push(attempt)
      return await attempt.promise
    },
    secrets: new Secrets(),
    signal: new AbortController().signal,
    hostVariable: () => undefined,
    note: () => {},
  })
  const get = () => pool.get('localhost', () => undefined)
  const [first, reset] = [get(), pool.reset('localhost')]
  const second = get()
  attempts[0]?.reject(new Error('refused'))
  await t.rejects(first, { message: 'refused' })
  await reset
  let closings = 0
  attempts[1]?.resolve({ close: async () => void closings++ } as unknown as Connection)
  await second
  t.equal(await get(), await second)
  t.equal(attempts.length, 2)
  await pool.close()
  t.equal(closings, 1)
})
