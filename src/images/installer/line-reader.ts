import { printable } from '../../util/printable.ts'

/** A console that never ends its line must not fill the memory: longer lines are cut, characters. */
const longestLine = 8_192

/**
 * Turns the bytes of a serial console into plain lines: UTF-8 split over chunks is joined, escape sequences are gone,
 * a carriage return ends a line too. Empty lines are left out.
 */
export class LineReader {
  readonly #decoder = new TextDecoder()
  readonly #onLine: (line: string) => void
  #rest = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#emit(line)
    while (this.#rest.length > longestLine) {
      this.#emit(this.#rest.slice(0, longestLine))
      this.#rest = this.#rest.slice(longestLine)
    }
  }

  /** What has no line end yet: a prompt stays so, any other line goes on. */
  get unfinished(): string {
    return printable(this.#rest).trim()
  }

  #emit(text: string): void {
    const line = printable(text.slice(0, longestLine)).trimEnd()
    if (line !== '') this.#onLine(line)
  }
}
