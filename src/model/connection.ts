import type { Duplex } from 'node:stream'
import type { Become, Command, CommandResult } from './command.ts'

/** How commands and files reach one host. Safe for concurrent use. */
export interface Connection extends AsyncDisposable {
  /** What people read: `local`, `ssh root@10.0.0.1:22`. */
  readonly description: string

  /**
   * Runs a command with `/bin/sh` on the host, in a session of its own, with `LC_ALL=C.UTF-8` (`C` where there is no such
   * locale) and the directories for administration on the PATH. Resolves with any exit code; rejects with a FailureError
   * only when the host is lost (`unreachable`), the deadline passed (`timeout`), the signal fired (`cancelled`) or the user
   * cannot be become (`module`, code `become-*`). After `timeout` and `cancelled` the command's whole process group on the
   * host is dead before the promise settles. A lost host is connected again by the next command.
   */
  run(command: Command, options?: RunOptions): Promise<CommandResult>

  /**
   * Writes a file so that readers see the old or the new content, never a part: temporary file beside the target,
   * mode and owner set, then renamed. Content is bytes, or a file on the controller (streamed).
   */
  put(content: Uint8Array | { readonly file: string }, path: string, options?: PutOptions): Promise<void>

  /** Reads a file whole. Rejects with `module`/`file-not-readable` when it cannot. */
  get(
    path: string,
    options?: { readonly become?: Become; readonly signal?: AbortSignal },
  ): Promise<Uint8Array>

  /** A TCP stream to an address as seen from the host: how guests behind a hypervisor's NAT are reached. */
  forward(address: string, port: number): Promise<Duplex>

  /** Ends the login, so that the next command makes a new one: proves that the host can be reached now. */
  renew(): Promise<void>

  close(): Promise<void>
}

export interface RunOptions {
  readonly signal?: AbortSignal
  /** Raw chunks while the command runs, before any decoding decision of the caller. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void
  /** How much of `stdin` was handed to the connection so far. */
  readonly onSent?: (doneBytes: number) => void
}

export interface PutOptions {
  /** Octal, e.g. `0o644`. Default `0o600`. */
  readonly mode?: number
  readonly owner?: string
  readonly group?: string
  readonly become?: Become
  readonly signal?: AbortSignal
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}
