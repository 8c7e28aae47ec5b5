import { type Failure, FailureError } from '../model/failure.ts'

/** How far an attempt to connect got. */
export type Stage = 'tcp' | 'banner' | 'handshake' | 'login' | 'ready'

/** Names the failure of an attempt. `where` is `user@address:port`. */
export function connectFailure(where: string, stage: Stage, error: Error): Failure {
  const code = 'code' in error ? String(error.code) : ''
  const level = 'level' in error ? String(error.level) : ''
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL') {
    return unreachable(
      'ssh-name-unknown',
      `${where}: the name cannot be resolved (${code})`,
      'Check ansible_host and the name server.',
    )
  }
  if (code === 'ECONNREFUSED') {
    return unreachable(
      'ssh-refused',
      `${where}: the port is closed`,
      'Check that sshd runs there and ansible_port is right.',
    )
  }
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL') {
    return unreachable(
      'ssh-no-route',
      `${where}: there is no route to the host (${code})`,
      'Check the network and that the host is up.',
    )
  }
  // Through another host's connection a reset is the stream's error, not ssh2's, and has no level.
  const isClosed = ['protocol', 'client-socket', 'client-close'].includes(level) || code === 'ECONNRESET'
  if (stage === 'banner' && isClosed) {
    return unreachable(
      'ssh-banner-lost',
      `${where}: the connection was closed before sshd answered`,
      'Too many logins at once (MaxStartups of sshd), a firewall, or no SSH server on this port.',
    )
  }
  if (stage === 'login' && level === 'client-close') {
    return unreachable(
      'ssh-authentication',
      `${where}: sshd closed the connection during the login`,
      'Too many keys were offered (MaxAuthTries), or sshd does not allow this user.',
    )
  }
  return unreachable(
    'ssh-protocol',
    `${where}: the SSH connection failed while ${doing[stage]}: ${error.message}`,
    'Compare with `ssh -v` to that address; the log of its sshd says more.',
  )
}

/** A deadline passed; what was awaited tells a filtered port from a frozen sshd. */
export function connectTimeout(where: string, stage: Stage, timeoutMs: number): Failure {
  return unreachable(
    'ssh-timeout',
    `${where}: no connection within ${timeoutMs / 1000} s while ${doing[stage]}`,
    stage === 'tcp'
      ? 'The host is down or a firewall drops packets.'
      : 'The host accepts connections but its sshd does not answer; it may be overloaded or still starting.',
  )
}

/**
 * @param tried Ways to log in that the host refused.
 * @param locked Key files that were not offered, because their passphrase is not known.
 */
export function authenticationFailure(
  where: string,
  { tried, locked }: { readonly tried: readonly string[]; readonly locked: readonly string[] },
  hasPassword: boolean,
): Failure {
  const [key] = locked
  const not =
    key === undefined
      ? ''
      : `; not ${locked.join(', ')}, which ${locked.length > 1 ? 'are' : 'is'} protected by a passphrase`
  return unreachable(
    'ssh-authentication',
    tried.length === 0
      ? `${where}: there is no key, agent or password to log in with${not}`
      : `${where}: the login was refused; tried ${tried.join(', ')}${not}`,
    hasPassword
      ? 'Check ansible_user and ansible_password. A refused password is not tried again.'
      : key !== undefined
        ? `Load the key into the agent (ssh-add ${key}) or set ansible_ssh_private_key_passphrase.`
        : 'Check ansible_user, ansible_ssh_private_key_file and the authorized_keys of the user there.',
  )
}

const doing: Readonly<Record<Stage, string>> = {
  tcp: 'connecting',
  banner: 'waiting for the SSH banner',
  handshake: 'exchanging keys',
  login: 'logging in',
  ready: 'in use',
}

function unreachable(code: string, message: string, hint?: string): Failure {
  return { reason: 'unreachable', code, message, ...(hint === undefined ? {} : { hint }) }
}

export function interrupted(where: string): FailureError {
  return new FailureError({
    reason: 'cancelled',
    code: 'command-cancelled',
    message: `Interrupted while connecting to ${where}`,
  })
}
