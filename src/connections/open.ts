import type { Connection } from '../model/connection.ts'
import type { ConnectionDependencies } from './connection-dependencies.ts'
import type { ConnectionSettings } from './connection-settings.ts'
import { openLocal } from './local.ts'
import { ShellConnection } from './shell-connection.ts'

export type { ConnectionDependencies } from './connection-dependencies.ts'

/**
 * Opens a connection. Throws a FailureError: `unreachable` with a code that says why, or `host-key`.
 * A connection that is lost later is opened again by the next command.
 */
export async function openConnection(
  settings: ConnectionSettings,
  dependencies: ConnectionDependencies = {},
): Promise<Connection> {
  if (settings.kind === 'local') return await ShellConnection.open(openLocal, settings.shellPath)
  // ssh2 takes 50 ms to load, which a run on the controller alone does not need.
  const { openSsh } = await import('./ssh.ts')
  const { signal, ...rest } = dependencies
  return await ShellConnection.open(
    // Ending what runs on the host needs a connection after the run's own signal has fired.
    (until = signal) => openSsh(settings, until === undefined ? rest : { ...rest, signal: until }),
    settings.shellPath,
  )
}
