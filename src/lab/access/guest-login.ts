import type { Duplex } from 'node:stream'
import { openConnection } from '../../connections/open.ts'
import { connectionSettings } from '../../connections/settings.ts'
import type { Command, CommandResult } from '../../model/command.ts'
import type { Connection } from '../../model/connection.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import type { GuestMetadata } from '../libvirt/metadata.ts'
import type { Attempt } from '../readiness.ts'
import { guestHost } from './guest-host.ts'
import { sshBanner } from './ssh-banner.ts'

/**
 * One attempt to log in to a guest as the engine will: through its hypervisor, with the controller user's key for
 * guests, and the host key that the seed brought. Proven by a command that ran.
 * @param then is done in that login
 */
export async function attemptLogin(
  context: ModuleContext,
  metadata: GuestMetadata,
  keyFile: string,
  then: (guest: Connection) => Promise<void> = async () => {},
): Promise<Attempt> {
  const hypervisor = await context.connection()
  const banner = await sshBanner(hypervisor, metadata.address)
  if (!banner.answers) return { kind: 'closed', why: banner.why }
  try {
    // In the connection that the banner came through: emulated, sshd takes half a second for another one.
    await using guest = await logIn(context, metadata, keyFile, beginningWith(banner.stream, hypervisor))
    const { exitCode } = await guest.run(sh`true`, { signal: context.signal })
    if (exitCode !== 0) return { kind: 'refused', why: `true ended with ${exitCode}` }
    await then(guest)
    return { kind: 'ready' }
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.reason === 'cancelled') throw error
    return { kind: 'refused', why: error.failure.message }
  } finally {
    banner.stream.destroy()
  }
}

/** One command in a guest, over a connection of its own. */
export async function runInGuest(
  context: ModuleContext,
  metadata: GuestMetadata,
  keyFile: string,
  command: Command,
): Promise<CommandResult> {
  await using guest = await logIn(context, metadata, keyFile, await context.connection())
  return await guest.run(command, { signal: context.signal })
}

async function logIn(
  context: ModuleContext,
  metadata: GuestMetadata,
  keyFile: string,
  via: Pick<Connection, 'forward'>,
): Promise<Connection> {
  const { name, vars } = guestHost(metadata, { hypervisor: context.host, hypervisors: 1, keyFile })
  const settings = connectionSettings(name, (variable) => vars[variable])
  return await openConnection(settings, { via, signal: context.signal })
}

/** A way that is open already, and then new ones. */
function beginningWith(stream: Duplex, hypervisor: Connection): Pick<Connection, 'forward'> {
  let open: Duplex | undefined = stream
  return {
    async forward(address, port) {
      const first = open
      open = undefined
      return first ?? (await hypervisor.forward(address, port))
    },
  }
}
