import { openConnection } from '../connections/open.ts'
import { connectionSettings } from '../connections/settings.ts'
import type { Command, CommandResult } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../modules/module.ts'
import { sh } from '../util/sh.ts'
import { guestHost } from './guest-host.ts'
import type { GuestMetadata } from './metadata.ts'
import type { Attempt } from './readiness.ts'
import { sshBanner } from './ssh-banner.ts'

/**
 * One attempt to log in to a guest as the engine will: through its hypervisor, with the controller user's key for
 * guests, and the host key that the seed brought. Proven by a command that ran.
 */
export async function attemptLogin(
  context: ModuleContext,
  metadata: GuestMetadata,
  keyFile: string,
): Promise<Attempt> {
  const hypervisor = await context.connection()
  const banner = await sshBanner(hypervisor, metadata.address)
  if (!banner.answers) return { kind: 'closed', why: banner.why }
  try {
    const { exitCode } = await runInGuest(context, metadata, keyFile, sh`true`)
    return exitCode === 0 ? { kind: 'ready' } : { kind: 'refused', why: `true ended with ${exitCode}` }
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.reason === 'cancelled') throw error
    return { kind: 'refused', why: error.failure.message }
  }
}

/** One command in a guest, over a connection of its own. */
export async function runInGuest(
  context: ModuleContext,
  metadata: GuestMetadata,
  keyFile: string,
  command: Command,
): Promise<CommandResult> {
  const hypervisor = await context.connection()
  const { name, vars } = guestHost(metadata, { hypervisor: context.host, hypervisors: 1, keyFile })
  const settings = connectionSettings(name, (variable) => vars[variable])
  await using guest = await openConnection(settings, { via: hypervisor, signal: context.signal })
  return await guest.run(command, { signal: context.signal })
}
