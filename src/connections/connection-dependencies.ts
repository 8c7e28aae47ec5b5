import type { Connection } from '../model/connection.ts'

/** What a connection may need from outside. */
export interface ConnectionDependencies {
  /** The open connection of the host that `hvlab_via` names; needed when the settings have `via`. */
  readonly via?: Pick<Connection, 'forward'>
  /** Ends an attempt to connect that is under way. */
  readonly signal?: AbortSignal
  /** Something that people should know and that is no failure, e.g. a host key that was stored. */
  readonly note?: (text: string) => void
}
