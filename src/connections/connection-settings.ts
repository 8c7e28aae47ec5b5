/** How to reach a host, as variables say it; what they leave out comes from the user's ssh configuration. */
export type ConnectionSettings = LocalSettings | SshSettings

export interface LocalSettings {
  readonly kind: 'local'
  /** Inventory name. */
  readonly host: string
  /** `ansible_shell_executable`; `/bin/sh`. */
  readonly shellPath: string
}

export interface SshSettings {
  readonly kind: 'ssh'
  readonly host: string
  readonly shellPath: string
  /** Host name or IP address; the inventory name when `ansible_host` is not set. */
  readonly address: string
  readonly port?: number
  readonly user?: string
  readonly password?: string
  readonly privateKeyFile?: string
  readonly passphrase?: string
  /** Further keys to offer after the usual ones. */
  readonly otherKeyFiles?: readonly string[]
  /** `user@host:port`, nearest to the controller first. */
  readonly jumps: readonly JumpHost[]
  readonly hostKeyPolicy?: HostKeyPolicy
  /** `ssh-ed25519 AAAA…`: the only key that is accepted; known_hosts is not asked. */
  readonly pinnedHostKey?: string
  readonly knownHostsFiles?: readonly string[]
  /** An ssh_config instead of the user's; `none` reads no file at all. */
  readonly configFile?: string
  /** From the first packet to the login, in milliseconds. */
  readonly timeoutMs?: number
  /** Pause between two signs of life, in milliseconds; the host is lost when `keepaliveCount` of them got no answer. */
  readonly keepaliveMs?: number
  readonly keepaliveCount?: number
  /** How often a failed connection (not a refused login) is tried again. */
  readonly retries: number
  /** Inventory name of the host through which the address is reached. */
  readonly via?: string
}

export interface JumpHost {
  readonly address: string
  readonly user?: string
  readonly port?: number
}

/**
 * What to do with a host's key that no file knows: store it and go on, refuse, or go on without storing it.
 * A key that differs from a known one is always refused.
 */
export type HostKeyPolicy = 'accept-new' | 'yes' | 'no'
