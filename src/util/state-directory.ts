import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/**
 * Where hvlab keeps what outlives a run on the controller: `$XDG_STATE_HOME/hvlab`, by default
 * `~/.local/state/hvlab` (XDG Base Directory Specification 0.8; a relative value counts as not set).
 */
export function stateDirectory(): string {
  const base = process.env['XDG_STATE_HOME']
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.local', 'state'), 'hvlab')
}
