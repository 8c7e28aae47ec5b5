import { type BuildReport, paced } from '../build-report.ts'
import type { Piece } from './pieces.ts'

/**
 * The speed is that of the last seconds: a host that gets its first pieces late, because another one gets them and passes them on,
 * is not judged by the time before.
 */
const windowMs = 10_000
const sampleMs = 200

/** Adds up pieces that travel at the same time, and tells how long the rest will take. */
export class PushProgress {
  readonly #show: ReturnType<typeof paced>
  readonly #text: string
  readonly #totalBytes: number
  readonly #now: () => number
  readonly #underWay = new Map<string, number>()
  /** How much was there when, from the first bytes on; what an earlier push left says nothing about the speed. */
  readonly #samples: { readonly at: number; readonly done: number }[] = []
  #doneBytes = 0

  /** @param now Milliseconds. */
  constructor(
    report: Pick<BuildReport, 'progress'>,
    text: string,
    totalBytes: number,
    now: () => number = () => performance.now(),
  ) {
    this.#show = paced(report, now)
    this.#text = text
    this.#totalBytes = totalBytes
    this.#now = now
  }

  found(pieces: readonly Piece[]): void {
    this.#doneBytes = pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    this.#underWay.clear()
    this.#samples.length = 0
    this.#say(this.#doneBytes, undefined)
  }

  /** @param share Of the piece, 0 to 1: compressed bytes count for what they will become. */
  moved({ name, sizeBytes }: Piece, share: number): void {
    this.#underWay.set(name, share * sizeBytes)
    this.#tell()
  }

  arrived({ name, sizeBytes }: Piece): void {
    this.#underWay.delete(name)
    this.#doneBytes += sizeBytes
    this.#tell()
  }

  /** All is there, and is read once more as a whole. */
  checking(text: string): void {
    this.#show({ text })
  }

  #tell(): void {
    const done = this.#doneBytes + [...this.#underWay.values()].reduce((sum, bytes) => sum + bytes, 0)
    const at = this.#now()
    if (at - (this.#samples.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= sampleMs)
      this.#samples.push({ at, done })
    while (this.#samples[1] !== undefined && at - this.#samples[1].at >= windowMs) this.#samples.shift()
    const [since = { at, done }] = this.#samples
    this.#say(done, timeLeft(done - since.done, this.#totalBytes - done, at - since.at))
  }

  #say(done: number, left: string | undefined): void {
    this.#show({
      text: `${this.#text}${left === undefined ? '' : `, ${left} left:`}`,
      done,
      total: this.#totalBytes,
      unit: 'bytes',
    })
  }
}

/** `40 s`, `3 min`, from the speed so far; undefined while it is too early to say. */
export function timeLeft(doneBytes: number, leftBytes: number, elapsedMs: number): string | undefined {
  if (doneBytes <= 0 || elapsedMs < 1000) return undefined
  const seconds = Math.ceil((leftBytes / doneBytes) * (elapsedMs / 1000))
  if (seconds < 100) return `${seconds} s`
  return seconds < 100 * 60 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}
