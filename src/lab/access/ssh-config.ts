import { createHash } from 'node:crypto'
import type { Reach } from './ssh-command.ts'

/** A guest as OpenSSH's client should know it. */
export interface SshGuest {
  /** Names that the client may be given, the first being the guest's in the inventory. */
  readonly names: readonly string[]
  readonly address: string
  readonly user: string
  readonly keyFile: string
  readonly hostKey: string
  /** Name of the hypervisor in the inventory, and how the controller reaches it. */
  readonly hypervisor: string
  readonly reach: Reach
}

/**
 * Configuration of OpenSSH's client for guests and the hypervisors that they are reached through (ssh_config(5), as
 * OpenSSH 8.2 of Ubuntu 20.04 reads it). Nothing of the user's own configuration applies but to jump hosts before a hypervisor.
 * @param knownHostsFile has the lines of `knownGuests`
 */
export function sshConfig(guests: readonly SshGuest[], knownHostsFile: string): string {
  const hypervisors = new Map(guests.map(({ hypervisor, reach }) => [hypervisor, reach]))
  const jumps = new Set([...hypervisors.values()].flatMap(jumpAddresses))
  return [
    ...[...hypervisors].flatMap(([name, reach]) =>
      reach.kind === 'ssh' ? [hypervisorBlock(name, reach)] : [],
    ),
    ...guests.map((guest) => guestBlock(guest, knownHostsFile)),
    // The keys of these are the user's business: only their own configuration knows them.
    ...[...jumps].map((address) => block(address, [['Include', '~/.ssh/config']])),
  ].join('\n')
}

/** Lines of a known_hosts file: the keys that the guests' seeds brought, and no other is accepted. */
export function knownGuests(guests: readonly SshGuest[]): string[] {
  return [...new Set(guests.map(({ hostKey }) => `${hostKeyAlias(hostKey)} ${hostKey}`))]
}

/**
 * The name under which a guest's key is known. Made from the key, so that a line in a known_hosts file never becomes
 * wrong: an address or a name may be another guest's tomorrow.
 */
function hostKeyAlias(hostKey: string): string {
  return `hvlab-${createHash('sha256').update(hostKey).digest('hex').slice(0, 16)}`
}

type Line = readonly [keyword: string, value: string]

function hypervisorBlock(name: string, reach: Reach & { kind: 'ssh' }): string {
  return block(name, [
    ['HostName', reach.address],
    ['Port', String(reach.port)],
    ['User', reach.user],
    ...reach.identity_files.map((file): Line => ['IdentityFile', path(file)]),
    ['IdentityAgent', path(reach.identity_agent)],
    ['UserKnownHostsFile', reach.known_hosts_files.map(path).join(' ')],
    ['StrictHostKeyChecking', reach.host_key_checking],
    ['ProxyJump', reach.jumps === '' ? 'none' : reach.jumps],
  ])
}

function guestBlock(guest: SshGuest, knownHostsFile: string): string {
  return block(guest.names.join(' '), [
    ['HostName', guest.address],
    ['User', guest.user],
    ['IdentityFile', path(guest.keyFile)],
    ['IdentitiesOnly', 'yes'],
    ['HostKeyAlias', hostKeyAlias(guest.hostKey)],
    ['UserKnownHostsFile', path(knownHostsFile)],
    ['GlobalKnownHostsFile', '/dev/null'],
    ['StrictHostKeyChecking', 'yes'],
    ['LogLevel', 'ERROR'],
    ['ProxyJump', guest.reach.kind === 'local' ? 'none' : guest.hypervisor],
  ])
}

function block(names: string, lines: readonly Line[]): string {
  return [`Host ${names}`, ...lines.map(([keyword, value]) => `  ${keyword} ${value}`), ''].join('\n')
}

/** Hosts before a hypervisor: `user@host:port,…` without users and ports. */
function jumpAddresses(reach: Reach): string[] {
  if (reach.kind === 'local' || reach.jumps === '') return []
  return reach.jumps.split(',').map((jump) => jump.replace(/^.*@/, '').replace(/:\d+$/, ''))
}

/** ssh replaces %-words in paths of files; a path with blanks needs quotation marks. */
function path(file: string): string {
  const text = file.replaceAll('%', '%%')
  return /\s/.test(text) ? `"${text}"` : text
}
