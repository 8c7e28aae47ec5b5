import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from '../../model/connection.ts'

/** Whether an SSH server answers, and if not, why. Whoever asked closes the stream, which begins with what the server said first. */
export type Banner =
  | { readonly answers: true; readonly stream: Duplex }
  | { readonly answers: false; readonly why: string }

/**
 * Looks for `SSH-` on port 22 of an address as the hypervisor sees it. Much cheaper than a login, so it may be asked
 * four times a second. An attempt is given up after a second: while a guest has no address yet, the kernel holds
 * connections back for longer than the next attempt needs. One that is open may wait longer: where every instruction is
 * emulated, or the host is busy, sshd needs seconds to say anything, and every attempt anew costs it more.
 */
export async function sshBanner(hypervisor: Connection, address: string): Promise<Banner> {
  const opening = hypervisor.forward(address, 22)
  const stream = await Promise.race([
    opening.catch((error: unknown) => (error instanceof Error ? error.message : String(error))),
    delay(1000, 'no answer within a second', { ref: false }),
  ])
  if (typeof stream === 'string') {
    opening.then(
      (late) => late.destroy(),
      () => {}, // Already said above, or given up on.
    )
    return { answers: false, why: stream }
  }
  const text = await Promise.race([firstText(stream), delay(10_000, '', { ref: false })])
  if (text.startsWith('SSH-')) return { answers: true, stream }
  stream.destroy()
  return {
    answers: false,
    why: text === '' ? 'port 22 opened but said nothing' : 'something else than SSH answers on port 22',
  }
}

/** What comes first; it stays in the stream. */
function firstText(stream: Duplex): Promise<string> {
  return new Promise((resolve) => {
    const look = () => {
      const chunk: Buffer | string | null = stream.read()
      if (chunk === null) return
      stream.off('readable', look)
      stream.unshift(chunk)
      resolve(String(chunk))
    }
    stream.on('readable', look)
    stream.once('error', () => resolve(''))
    stream.once('close', () => resolve(''))
  })
}
