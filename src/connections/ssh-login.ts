import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2'
import ssh2 from 'ssh2'
import { FailureError } from '../model/failure.ts'
import { deferred } from '../util/deferred.ts'
import type { SshSettings } from './connection-settings.ts'
import { gatherWrites } from './gathered-writes.ts'
import type { HostKeyCheck } from './host-key-check.ts'
import { loginAttempts } from './ssh-authentication.ts'
import {
  authenticationFailure,
  connectFailure,
  connectTimeout,
  interrupted,
  type Stage,
} from './ssh-failures.ts'
import type { SshTarget } from './ssh-target.ts'
import { SshTransport } from './ssh-transport.ts'
import type { Transport } from './transport.ts'

/** Three missed answers 10 s apart. Intervals of a second broke busy links (ssh2 issue 474). */
const keepaliveMs = 10_000
const keepaliveCount = 3

/** How the TCP stream to the host comes about: directly, or from a host that is connected already. */
export interface Road {
  reach(address: string, port: number): Promise<Duplex>
  close(): Promise<void>
  /** For people: ` via bastion`. */
  readonly text: string
}

/**
 * One attempt: connects, checks the host's key and logs in, all within the target's deadline.
 * Throws a FailureError that says how far it came.
 */
export async function logIn(
  settings: SshSettings,
  target: SshTarget,
  check: HostKeyCheck,
  road: Road,
  signal: AbortSignal | undefined,
): Promise<Transport> {
  const where = `${target.user}@${target.address}:${target.port}${road.text}`
  const attempts = await loginAttempts(target, settings)
  const client = new ssh2.Client()
  const outcome = deferred<void>()
  let stage: Stage = 'tcp'
  const fail = (error: Error) =>
    outcome.reject(
      error instanceof FailureError
        ? error
        : new FailureError(connectFailure(where, stage, error), { cause: error }),
    )
  client.on('error', (error) => {
    const level = 'level' in error ? error.level : undefined
    // An agent that cannot be asked is one way less to log in, not the end.
    if (level === 'agent') return
    if (level === 'client-authentication') {
      outcome.reject(
        new FailureError(authenticationFailure(where, attempts, settings.password !== undefined)),
      )
    } else fail(error)
  })
  client.once('close', () =>
    fail(Object.assign(new Error('the connection was closed'), { level: 'client-close' })),
  )
  client.once('handshake', () => {
    stage = 'login'
  })
  client.once('ready', () => outcome.resolve())
  const timer = setTimeout(
    () => outcome.reject(new FailureError(connectTimeout(where, stage, target.timeoutMs))),
    target.timeoutMs,
  )
  const onAbort = () => outcome.reject(interrupted(where))
  signal?.addEventListener('abort', onAbort, { once: true })
  let socket: Duplex | undefined
  try {
    signal?.throwIfAborted()
    socket = await reachInTime(road, target, outcome.promise)
    socket.on('error', fail)
    await Promise.race([connected(socket), outcome.promise])
    stage = 'banner'
    const onData = (chunk: Buffer) => {
      // A busy sshd may say `Exceeded MaxStartups` instead of a banner.
      if (stage === 'banner' && chunk.includes('SSH-')) stage = 'handshake'
    }
    socket.on('data', onData)
    client.once('handshake', () => socket?.off('data', onData))
    gatherWrites(socket)
    client.connect(connectConfig(socket, settings, target, check, attempts.handler, fail))
    await outcome.promise
    client.setNoDelay(true)
    return new SshTransport(client, socket, {
      description: `ssh ${where}`,
      user: target.user,
      release: road.close,
    })
  } catch (error) {
    client.destroy()
    socket?.destroy()
    if (signal?.aborted) throw interrupted(where)
    if (error instanceof FailureError) throw error
    throw new FailureError(
      connectFailure(where, stage, error instanceof Error ? error : new Error(String(error))),
      { cause: error },
    )
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

async function connected(socket: Duplex): Promise<void> {
  if (!('connecting' in socket) || (socket as Socket).connecting !== true) return
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
}

function connectConfig(
  sock: Duplex,
  settings: SshSettings,
  target: SshTarget,
  check: HostKeyCheck,
  authHandler: NonNullable<ConnectConfig['authHandler']>,
  fail: (error: Error) => void,
): ConnectConfig {
  return {
    sock,
    username: target.user,
    authHandler,
    keepaliveInterval: settings.keepaliveMs ?? keepaliveMs,
    keepaliveCountMax: settings.keepaliveCount ?? keepaliveCount,
    readyTimeout: 0,
    hostVerifier: hostVerifier(check, fail),
    algorithms: { serverHostKey: hostKeyOrder(check.knownTypes) },
  }
}

/**
 * ssh2 asks again whenever keys are exchanged anew (each GB by default). It then has to get its answer at once: while
 * it waits it sends packets in a wrong form, and sshd ends the connection with `Bad packet length` (ssh2 1.17, kex.js:
 * a partial `finish` clears `_kexinit` before the new cipher is there).
 */
function hostVerifier(check: HostKeyCheck, fail: (error: Error) => void) {
  let verified: Buffer | undefined
  return (key: Buffer, verify: (good: boolean) => void): void => {
    if (verified !== undefined) {
      verify(verified.equals(key))
      return
    }
    check.verify(key).then(
      () => {
        verified = Buffer.from(key)
        verify(true)
      },
      (error: unknown) => {
        fail(error instanceof Error ? error : new Error(String(error)))
        verify(false)
      },
    )
  }
}

/** Known types first, as OpenSSH does; `rsa-sha2-*` are signatures of a key of type `ssh-rsa`. */
function hostKeyOrder(knownTypes: readonly string[]): ServerHostKeyAlgorithm[] {
  const all: ServerHostKeyAlgorithm[] = [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-rsa',
  ]
  const isKnown = (algorithm: string) =>
    knownTypes.includes(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm)
  return [...all.filter(isKnown), ...all.filter((algorithm) => !isKnown(algorithm))]
}

/** The stream to the host; one that comes after the attempt is over is closed. */
async function reachInTime(road: Road, target: SshTarget, outcome: Promise<unknown>): Promise<Duplex> {
  const reaching = road.reach(target.address, target.port)
  try {
    // The outcome can only be a failure before there is a stream.
    const stream = await Promise.race([reaching, outcome.then(() => reaching)])
    return stream
  } catch (error) {
    reaching.then(
      (late) => late.destroy(),
      () => {}, // Either this is the error that is thrown, or nobody waits for it any more.
    )
    throw error
  }
}
