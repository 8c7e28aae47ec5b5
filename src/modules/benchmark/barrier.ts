import { posix } from 'node:path'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { scratchFolder } from './scratch-folder.ts'

/** Trials that begin together: each waits in its guest, and when the last one does all are let go at once. */
export class Barrier {
  /** A FIFO, in every guest. */
  readonly path = posix.join(scratchFolder, 'start')
  readonly #context: ModuleContext
  readonly #guests: readonly string[]
  readonly #begunMs: number[] = []
  #waiting = 0

  constructor(context: ModuleContext, guests: readonly string[]) {
    this.#context = context
    this.#guests = guests
  }

  arrive(): void {
    this.#waiting++
    if (this.#waiting === this.#guests.length) for (const guest of this.#guests) void this.#open(guest)
  }

  /** When a workload began, by the controller's clock. */
  began(ms: number | null): void {
    if (ms !== null) this.#begunMs.push(ms)
  }

  /** Seconds between the first and the last to begin; null when one did not. */
  skewS(): number | null {
    if (this.#begunMs.length < this.#guests.length) return null
    return Number(((Math.max(...this.#begunMs) - Math.min(...this.#begunMs)) / 1000).toFixed(3))
  }

  async #open(guest: string): Promise<void> {
    // A guest that cannot be reached here ends its trial, which says what became of it.
    await this.#context
      .peer(guest)
      .run({ ...sh`timeout 20 sh -c 'echo go > "$1"' open ${this.path}`, timeoutMs: 30_000 })
      .catch(() => undefined)
  }
}
