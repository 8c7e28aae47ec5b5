/** Longer lines are passed on in parts, so that a program that never ends a line needs no endless memory. */
const longestPending = 64 * 1024

/** Cuts chunks of two streams into lines. `\r` counts as the end of a line: progress bars write it. */
export class LineSplitter {
  readonly #pending = { stdout: '', stderr: '' }
  readonly #onLine: (stream: 'stdout' | 'stderr', line: string) => void

  constructor(onLine: (stream: 'stdout' | 'stderr', line: string) => void) {
    this.#onLine = onLine
  }

  push(stream: 'stdout' | 'stderr', text: string): void {
    const lines = (this.#pending[stream] + text).split(/\r\n|\n|\r(?!$)/)
    this.#pending[stream] = lines.pop() ?? ''
    for (const line of lines) this.#onLine(stream, line)
    if (this.#pending[stream].length > longestPending) this.#flush(stream)
  }

  /** Passes on what no newline ended. */
  end(): void {
    this.#flush('stdout')
    this.#flush('stderr')
  }

  #flush(stream: 'stdout' | 'stderr'): void {
    const line = this.#pending[stream].replace(/\r$/, '')
    this.#pending[stream] = ''
    if (line !== '') this.#onLine(stream, line)
  }
}
