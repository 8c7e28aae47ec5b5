import type { Command } from '../model/command.ts'
import type { InputFile } from './input-file.ts'
import type { StreamName } from './shell.ts'

/** What writing and reading files need of a connection. */
export interface Executor {
  readonly description: string
  execute(request: Request): Promise<number>
}

/** A command with everything that its run needs. */
export interface Request {
  readonly command: Command
  /** Instead of `command.stdin`: a file on the controller, streamed. */
  readonly inputFile?: InputFile
  readonly signal?: AbortSignal
  /** How much of `command.stdin` was handed to the connection so far. */
  readonly onSent?: (doneBytes: number) => void
  readonly onChunk: (stream: StreamName, chunk: Buffer) => void
}
