import type { Duplex, Readable, Writable } from 'node:stream'
import type { Failure } from '../model/failure.ts'

/** What carries shells to a host: a child process on the controller, or an SSH connection. */
export interface Transport {
  /** What people read: `local`, `ssh root@10.0.0.1:22`. */
  readonly description: string
  /** The login user on the host, when known: becoming that user needs no sudo. */
  readonly user: string | undefined
  /** How many channels may be open at once. */
  readonly maxChannels: number
  /** Set once the transport is gone; it does not come back. */
  readonly lost: Failure | undefined
  /** Resolves when the transport is gone, for whatever reason. */
  readonly closed: Promise<void>
  /**
   * Starts a process. The line passes through the login shell, whatever it is (bash, dash, fish, csh): plain words
   * and single-quoted text without backslashes only. Rejects with ChannelRefused when the host allows no more channels.
   */
  open(line: string): Promise<Channel>
  forward(address: string, port: number): Promise<Duplex>
  close(): Promise<void>
}

/** One process on the host with its three streams. */
export interface Channel {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves when the process is gone and its output was delivered; null when a signal or a lost connection ended it. */
  readonly closed: Promise<number | null>
  /** Lets go of the process without waiting for it. */
  destroy(): void
}

/** The host allows no further channel on this connection (OpenSSH: `MaxSessions`). */
export class ChannelRefused extends Error {}
