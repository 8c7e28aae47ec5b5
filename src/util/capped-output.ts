/** 16 MiB: what one stream of a command may keep in memory. */
export const outputCapBytes = 16 * 1024 * 1024

/**
 * Collects the output of a process. Past the cap it keeps the first and the last half and forgets the middle, so that
 * both the cause (often first) and the end of a long log survive.
 */
export class CappedOutput {
  readonly #halfBytes: number
  readonly #head: Buffer[] = []
  #headBytes = 0
  #tail: Buffer[] = []
  #tailBytes = 0
  #droppedBytes = 0

  constructor(capBytes: number = outputCapBytes) {
    this.#halfBytes = Math.floor(capBytes / 2)
  }

  push(chunk: Buffer): void {
    const room = this.#halfBytes - this.#headBytes
    if (room > 0) {
      const first = chunk.subarray(0, room)
      this.#head.push(first)
      this.#headBytes += first.length
    }
    if (chunk.length > room) this.#pushTail(room > 0 ? chunk.subarray(room) : chunk)
  }

  /** The middle was dropped. */
  get truncated(): boolean {
    this.#settle()
    return this.#droppedBytes > 0
  }

  bytes(): Buffer {
    this.#settle()
    return Buffer.concat([...this.#head, ...this.#tail])
  }

  /** UTF-8 with replacement; a line of its own says where bytes are missing. */
  text(): string {
    this.#settle()
    if (!this.truncated) return this.bytes().toString('utf8')
    const head = Buffer.concat(this.#head).toString('utf8')
    const tail = Buffer.concat(this.#tail).toString('utf8')
    return `${head}\n[... ${this.#droppedBytes} bytes dropped ...]\n${tail}`
  }

  #settle(): void {
    if (this.#tailBytes > this.#halfBytes) this.#compact()
  }

  #pushTail(chunk: Buffer): void {
    this.#tail.push(chunk)
    this.#tailBytes += chunk.length
    // Compact only when twice the allowance is held: each byte is copied at most once more.
    if (this.#tailBytes > 2 * this.#halfBytes) this.#compact()
  }

  #compact(): void {
    const all = Buffer.concat(this.#tail)
    const kept = Buffer.from(all.subarray(all.length - this.#halfBytes))
    this.#droppedBytes += all.length - kept.length
    this.#tail = [kept]
    this.#tailBytes = kept.length
  }
}
