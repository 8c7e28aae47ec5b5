import { connect } from 'node:net'
import { FailureError } from '../model/failure.ts'
import type { ConnectionDependencies } from './connection-dependencies.ts'
import type { SshSettings } from './connection-settings.ts'
import { hostKeyCheck } from './host-key-check.ts'
import { interrupted } from './ssh-failures.ts'
import { logIn, type Road } from './ssh-login.ts'
import { type RetryRules, withRetries } from './ssh-retries.ts'
import { resolveTarget, type SshTarget } from './ssh-target.ts'
import type { Transport } from './transport.ts'

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
  const { signal } = dependencies
  const rules: RetryRules = {
    retries: settings.retries,
    busyMs: bannerPatience * target.timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  }
  try {
    return await withRetries(rules, () => logIn(settings, target, check, road, signal))
  } catch (error) {
    await road.close()
    if (signal?.aborted) throw interrupted(`${target.user}@${target.address}:${target.port}${road.text}`)
    throw error
  }
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

function noVia(settings: SshSettings, via: string) {
  return {
    reason: 'unexpected' as const,
    code: 'connection-via-missing',
    message: `${settings.host} is reached through ${via}, but no connection to ${via} was given`,
  }
}
