import { z } from 'zod'
import { connectionSettings } from '../connections/settings.ts'
import { resolveTarget } from '../connections/ssh-target.ts'
import type { ModuleContext } from '../modules/module.ts'
import { quote } from '../util/sh.ts'

/** How the controller reaches a hypervisor, for programs other than hvlab: OpenSSH's client. Travels in module results. */
export const reachSchema = z.union([
  z.object({ kind: z.literal('local') }),
  z.object({
    kind: z.literal('ssh'),
    address: z.string(),
    port: z.number(),
    user: z.string(),
    identity_files: z.array(z.string()),
    known_hosts_files: z.array(z.string()),
    host_key_checking: z.string(),
    /** `user@host:port`, separated by commas, as `ssh -J` takes them; empty when there are none. */
    jumps: z.string(),
  }),
])
export type Reach = z.output<typeof reachSchema>

/** From the host's connection variables and the user's ssh configuration. Passwords stay out: ssh will ask. */
export async function reachOf(context: Pick<ModuleContext, 'host' | 'hostVar'>): Promise<Reach> {
  const settings = connectionSettings(context.host, (name) => context.hostVar(context.host, name))
  if (settings.kind === 'local') return { kind: 'local' }
  const target = await resolveTarget(settings)
  return {
    kind: 'ssh',
    address: target.address,
    port: target.port,
    user: target.user,
    identity_files: [...target.identityFiles],
    known_hosts_files: [...target.knownHostsFiles, target.ownKnownHostsFile],
    host_key_checking: target.hostKeyPolicy,
    jumps: target.jumps
      .map(
        ({ user, address, port }) =>
          `${user === undefined ? '' : `${user}@`}${address}${port === undefined ? '' : `:${port}`}`,
      )
      .join(','),
  }
}

export interface GuestLogin {
  readonly address: string
  readonly user: string
  readonly keyFile: string
  /** A file with the line of `knownHostsLine`. */
  readonly knownHostsFile: string
  readonly hypervisor: Reach
  /** One word is shell text, as with ssh; several are passed on as they are. None: a login. */
  readonly command: readonly string[]
}

/** The name under which the guest's key is known: its address may be another guest's tomorrow. */
const keyAlias = 'hvlab-guest'

/** The only line of the known_hosts file of a login: the key that the guest's seed brought. */
export function knownHostsLine(hostKey: string): string {
  return `${keyAlias} ${hostKey}\n`
}

/** OpenSSH's client for a guest behind its hypervisor. No configuration is read: all is said here. */
export function sshWords(login: GuestLogin): string[] {
  return [
    'ssh',
    ...['-F', 'none', '-i', login.keyFile],
    ...option('IdentitiesOnly', 'yes'),
    ...option('UserKnownHostsFile', login.knownHostsFile),
    ...option('GlobalKnownHostsFile', '/dev/null'),
    ...option('StrictHostKeyChecking', 'yes'),
    ...option('HostKeyAlias', keyAlias),
    ...option('LogLevel', 'ERROR'),
    ...(login.hypervisor.kind === 'local' ? [] : option('ProxyCommand', proxyCommand(login.hypervisor))),
    `${login.user}@${login.address}`,
    ...(login.command.length === 0 ? [] : ['--', remoteCommand(login.command)]),
  ]
}

/** ssh runs this with the user's shell, after replacing %h and %p; every other % has to be doubled. */
function proxyCommand(hypervisor: Reach & { kind: 'ssh' }): string {
  const files = hypervisor.known_hosts_files.map((file) => (/\s/.test(file) ? `"${file}"` : file)).join(' ')
  const words = [
    ...['ssh', '-p', String(hypervisor.port), '-l', hypervisor.user],
    ...hypervisor.identity_files.flatMap((file) => ['-i', file]),
    ...option('UserKnownHostsFile', files),
    ...option('StrictHostKeyChecking', hypervisor.host_key_checking),
    ...(hypervisor.jumps === '' ? [] : ['-J', hypervisor.jumps]),
  ]
  const shown = [...words.map(quote), '-W', '[%h]:%p', quote(hypervisor.address)]
  return shown.map((word) => (word === '[%h]:%p' ? word : word.replaceAll('%', '%%'))).join(' ')
}

function remoteCommand(words: readonly string[]): string {
  const [only, ...others] = words
  return others.length === 0 && only !== undefined ? only : words.map(quote).join(' ')
}

function option(name: string, value: string): string[] {
  return ['-o', `${name}=${value}`]
}
