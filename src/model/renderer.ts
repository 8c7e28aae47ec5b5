import type { Event } from './event.ts'

/** Draws events. Everything it prints for people while working goes to stderr; results go to stdout. */
export interface Renderer {
  handle(event: Event): void
  /** Ends drawing; the terminal is as it was before. Safe to call twice. */
  close(): Promise<void>
}

/** `silent`: the command shows the answers itself. */
export type OutputFormat = 'auto' | 'tty' | 'plain' | 'json' | 'jsonl' | 'adhoc' | 'silent'

export interface RendererOptions {
  readonly format: OutputFormat
  /** Number of `-v`. */
  readonly verbosity: number
  readonly diff: boolean
}
