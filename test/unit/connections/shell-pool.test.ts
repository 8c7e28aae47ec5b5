import { PassThrough } from 'node:stream'
import t from 'tap'
import { EarlyEnd } from '../../../src/connections/early-end.ts'
import { ShellPool } from '../../../src/connections/shell-pool.ts'
import type { Transport } from '../../../src/connections/transport.ts'
import type { Failure } from '../../../src/model/failure.ts'

/** Two channels, of which one stays free for killing; each shell says at once that it is ready. */
class Narrow implements Transport {
  readonly description = 'narrow'
  readonly user = undefined
  readonly maxChannels = 2
  readonly closed = new Promise<void>(() => {})
  lost: Failure | undefined

  async open(line: string) {
    const [token = ''] = /hvlab-ready-[0-9a-f]+/.exec(line) ?? []
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    stdout.write(token)
    stderr.write(token)
    let end: (code: null) => void = () => {}
    const closed = new Promise<null>((resolve) => {
      end = resolve
    })
    stdin.once('finish', () => end(null))
    return { stdin, stdout, stderr, closed, destroy: () => end(null) }
  }

  async forward(): Promise<never> {
    throw new Error('not used in this test')
  }

  async close() {}
}

const anybody = { become: undefined }

t.test('all who wait for a shell are told when the host is lost', async (t) => {
  const transport = new Narrow()
  const pool = new ShellPool(transport, '/bin/sh')
  const lease = await pool.lease(anybody)
  const waiting = Promise.allSettled([pool.lease(anybody), pool.lease(anybody), pool.lease(anybody)])
  transport.lost = { reason: 'unreachable', code: 'connection-lost', message: 'gone' }
  await lease.release('broken')
  t.strictSame(
    (await waiting).map((end) => end.status === 'rejected' && end.reason.message),
    ['gone', 'gone', 'gone'],
  )
})

t.test('a shell that is given back at the moment in which somebody begins to wait is not lost', async (t) => {
  const pool = new ShellPool(new Narrow(), '/bin/sh')
  const lease = await pool.lease(anybody)
  const next = pool.lease(anybody)
  await lease.release()
  t.equal((await next).shell, lease.shell)
})

t.test('who gives up leaves the shell to the next', async (t) => {
  const pool = new ShellPool(new Narrow(), '/bin/sh')
  const lease = await pool.lease(anybody)
  const impatient = new AbortController()
  const first = pool.lease({ ...anybody, signal: impatient.signal })
  const second = pool.lease(anybody)
  const released = lease.release()
  impatient.abort()
  await released
  await t.rejects(first, { name: 'AbortError' })
  t.ok((await second).shell.open)
})

t.test('a command whose signal has fired ends at once', async (t) => {
  t.equal(await new EarlyEnd(undefined, AbortSignal.abort()).promise, 'cancelled')
})
