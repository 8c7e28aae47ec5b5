import { type BuildReport, paced } from '../build-report.ts'
import type { Piece } from './pieces.ts'

/** Adds up pieces that travel at the same time, and tells how long the rest will take. */
export class PushProgress {
  readonly #show: ReturnType<typeof paced>
  readonly #text: string
  readonly #totalBytes: number
  readonly #startedAt = performance.now()
  readonly #underWay = new Map<string, number>()
  #doneBytes = 0
  /** Of an earlier push: says nothing about the speed. */
  #foundBytes = 0

  constructor(report: Pick<BuildReport, 'progress'>, text: string, totalBytes: number) {
    this.#show = paced(report)
    this.#text = text
    this.#totalBytes = totalBytes
  }

  found(pieces: readonly Piece[]): void {
    this.#foundBytes = pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    this.#doneBytes = this.#foundBytes
    this.#underWay.clear()
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
    const left = timeLeft(
      done - this.#foundBytes,
      this.#totalBytes - done,
      performance.now() - this.#startedAt,
    )
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
