import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2'
import ssh2 from 'ssh2'
import { FailureError } from '../model/failure.ts'
import { deferred } from '../util/deferred.ts'
import type { ConnectionDependencies } from './connection-dependencies.ts'
import type { SshSettings } from './connection-settings.ts'
import { type HostKeyCheck, hostKeyCheck } from './host-key-check.ts'
import { loginAttempts } from './ssh-authentication.ts'
import { authenticationFailure, connectFailure, connectTimeout, type Stage } from './ssh-failures.ts'
import { resolveTarget, type SshTarget } from './ssh-target.ts'
import { SshTransport } from './ssh-transport.ts'
import type { Transport } from './transport.ts'

/** Three missed answers 10 s apart. Intervals of a second broke busy links (ssh2 issue 474). */
const keepaliveMs = 10_000
const keepaliveCount = 3

/** How long a busy sshd (MaxStartups) is asked again before the host counts as unreachable, in login deadlines. */
const bannerPatience = 3

/** Opens an SSH connection. Throws a FailureError of reason `unreachable`, `host-key` or `config`. */
export async function openSsh(
  settings: SshSettings,
  dependencies: ConnectionDependencies,
): Promise<Transport> {
  const target = await resolveTarget(settings)
  if (settings.via !== undefined && dependencies.via === undefined)
    throw new FailureError(noVia(settings, settings.via))
  const check = await hostKeyCheck(target, settings.pinnedHostKey, dependencies.note ?? (() => {}))
  const road = await openRoad(settings, target, dependencies)
  try {
    return await withRetries(settings.retries, bannerPatience * target.timeoutMs, dependencies.signal, () =>
      logIn(settings, target, check, road, dependencies.signal),
    )
  } catch (error) {
    await road.close()
    throw error
  }
}

/** How the TCP stream to the host comes about: directly, or from a host that is connected already. */
interface Road {
  reach(address: string, port: number): Promise<Duplex>
  close(): Promise<void>
  /** For people: ` via bastion`. */
  readonly text: string
}

async function openRoad(
  settings: SshSettings,
  target: SshTarget,
  dependencies: ConnectionDependencies,
): Promise<Road> {
  const { via } = dependencies
  const [first, ...rest] = target.jumps
  const jump = rest.at(-1) ?? first
  if (jump !== undefined) {
    const {
      port: _port,
      user: _user,
      password: _password,
      pinnedHostKey: _pin,
      privateKeyFile,
      ...common
    } = settings
    // The last jump host is reached through the ones before it. Its key is verified like any other; the password is
    // not for it.
    const transport = await openSsh(
      {
        ...common,
        ...jump,
        ...(privateKeyFile === undefined ? {} : { otherKeyFiles: [privateKeyFile] }),
        host: jump.address,
        jumps: target.jumps.slice(0, -1),
      },
      dependencies,
    )
    return {
      reach: (address, port) => transport.forward(address, port),
      close: () => transport.close(),
      text: ` via ${jump.address}`,
    }
  }
  if (settings.via !== undefined && via !== undefined) {
    return {
      reach: (address, port) => via.forward(address, port),
      close: async () => {},
      text: ` via ${settings.via}`,
    }
  }
  return {
    reach: async (address, port) => connect({ host: address, port, noDelay: true }),
    close: async () => {},
    text: '',
  }
}

async function logIn(
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
        new FailureError(authenticationFailure(where, attempts.tried, settings.password !== undefined)),
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
  const onAbort = () =>
    outcome.reject(
      new FailureError({
        reason: 'cancelled',
        code: 'command-cancelled',
        message: `Interrupted while connecting to ${where}`,
      }),
    )
  signal?.addEventListener('abort', onAbort, { once: true })
  let socket: Duplex | undefined
  try {
    signal?.throwIfAborted()
    socket = await Promise.race([
      road.reach(target.address, target.port),
      outcome.promise.then(() => undefined),
    ])
    if (socket === undefined) throw new Error('logged in without a socket')
    socket.on('error', fail)
    await Promise.race([connected(socket), outcome.promise])
    stage = 'banner'
    const onData = (chunk: Buffer) => {
      // A busy sshd may say `Exceeded MaxStartups` instead of a banner.
      if (stage === 'banner' && chunk.includes('SSH-')) stage = 'handshake'
    }
    socket.on('data', onData)
    client.once('handshake', () => socket?.off('data', onData))
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
    if (signal?.aborted) onAbort()
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
    hostVerifier: (key: Buffer, verify: (good: boolean) => void) => {
      check.verify(key).then(
        () => verify(true),
        (error: unknown) => {
          fail(error instanceof Error ? error : new Error(String(error)))
          verify(false)
        },
      )
    },
    algorithms: { serverHostKey: hostKeyOrder(check.knownTypes) },
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

/**
 * A busy sshd is asked again with growing pauses; other failures as often as `ansible_ssh_retries` says, after
 * 2^n - 1 s, at most 30 (Ansible's rule). A refused login or host key is final.
 */
async function withRetries<T>(
  retries: number,
  busyMs: number,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  for (let count = 0, busy = 0; ; ) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof FailureError) || error.failure.reason !== 'unreachable') throw error
      const { code } = error.failure
      if (code === 'ssh-banner-lost' && performance.now() - startedAt < busyMs) {
        await delay(
          Math.min(3_000, 200 * 2 ** busy++) * (0.5 + Math.random()),
          undefined,
          signal === undefined ? {} : { signal },
        )
      } else if (count < retries && !code.startsWith('ssh-key-') && code !== 'ssh-authentication') {
        count++
        await delay(
          Math.min(30_000, (2 ** count - 1) * 1000),
          undefined,
          signal === undefined ? {} : { signal },
        )
      } else throw error
    }
  }
}

function noVia(settings: SshSettings, via: string) {
  return {
    reason: 'unexpected' as const,
    code: 'connection-via-missing',
    message: `${settings.host} is reached through ${via}, but no connection to ${via} was given`,
  }
}
