import { z } from 'zod'
import { connectionSettings } from '../../connections/settings.ts'
import { resolveTarget } from '../../connections/ssh-target.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { quote } from '../../util/sh.ts'

/** How the controller reaches a hypervisor, for programs other than hvlab: OpenSSH's client. Travels in module results. */
export const reachSchema = z.union([
  z.object({ kind: z.literal('local') }),
  z.object({
    kind: z.literal('ssh'),
    address: z.string(),
    port: z.number(),
    user: z.string(),
    identity_files: z.array(z.string()),
    /** `SSH_AUTH_SOCK` (what that variable says), a socket, or `none`. */
    identity_agent: z.string(),
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
    identity_agent:
      target.agentSocket === process.env['SSH_AUTH_SOCK'] ? 'SSH_AUTH_SOCK' : (target.agentSocket ?? 'none'),
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

/**
 * What follows the destination on ssh's command line. One word is shell text, as with ssh; several are passed on as
 * they are. None: a login.
 */
export function remoteWords(words: readonly string[]): string[] {
  const [only, ...others] = words
  if (only === undefined) return []
  return ['--', others.length === 0 ? only : words.map(quote).join(' ')]
}
