import type { Command, CommandResult } from './command.ts'
import type { PutOptions } from './connection.ts'
import type { Effects } from './event.ts'
import type { Failure } from './failure.ts'
import type { Diff } from './result.ts'
import type { Vars } from './value.ts'

/** One thing a module wants done. */
export interface Change {
  /** Imperative, without a full stop: `install qemu-system-x86`. */
  readonly summary: string
  readonly diff?: Diff
  /** How: a command on the host, a file to write there, or a function (returns a value or nothing). */
  readonly action: Command | Upload | (() => Promise<unknown>)
  /** A command with a non-zero exit code fails the task unless this is set. */
  readonly allowFailure?: boolean
}

export interface Upload {
  readonly upload: Uint8Array | { readonly file: string }
  readonly path: string
  readonly options?: Omit<PutOptions, 'become' | 'signal'>
}

/** What `yield` gives back. In check mode `applied` is false and nothing else is set. */
export interface ChangeResult {
  readonly applied: boolean
  readonly command?: CommandResult
  readonly value?: unknown
}

export interface ModuleResult {
  /** Ansible's result names. */
  readonly data?: Vars
  /** Why nothing had to be done; required when no change was yielded and nothing else says it. */
  readonly why?: string
  /** Overrides "changed = something was yielded": `command` says true although it cannot know. */
  readonly changed?: boolean
  readonly skipped?: string
  readonly failed?: Failure
  readonly effects?: Effects
}

/** What `run` is, and any part of it that another generator delegates to. */
export type Steps<Result = ModuleResult> = AsyncGenerator<Change, Result, ChangeResult>
