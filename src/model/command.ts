/**
 * A command is a value: parts that are quoted when rendered, never a concatenated string. Built by the `sh`
 * template tag (`util/sh.ts`); rendered raw for a POSIX `sh`, or masked for people and logs.
 */
export interface Command {
  /** Shell text in order; `quoted` parts are data and are single-quoted for POSIX `sh` when rendered. */
  readonly parts: readonly CommandPart[]
  readonly stdin?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly become?: Become
  readonly timeoutMs?: number
  /** Secrets that must not be shown wherever this command or its output is shown. */
  readonly masks?: readonly string[]
}

export type CommandPart =
  | { readonly kind: 'shell'; readonly text: string }
  | { readonly kind: 'quoted'; readonly text: string; readonly secret?: boolean }

/** Privilege escalation (Ansible's `become`). */
export interface Become {
  readonly method: 'sudo' | 'su'
  readonly user: string
  readonly password?: string
  /** Extra flags of the method, e.g. `-H -S -n`. */
  readonly flags?: readonly string[]
  /** The program instead of the method's own name, e.g. `/opt/bin/sudo` (`ansible_become_exe`). */
  readonly exe?: string
}

/** What came back. Output is decoded as UTF-8 with replacement and is untrusted data. */
export interface CommandResult {
  /** 0–255, or 128 + signal number when a signal ended it. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly durationMs: number
  /** True when an output passed the cap (16 MiB each) and its middle was dropped. */
  readonly truncated: boolean
}
