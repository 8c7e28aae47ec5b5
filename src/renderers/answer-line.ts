import type { Event } from '../model/event.ts'
import { interruptedText } from './messages.ts'
import { progressText } from './run-view.ts'
import { clock, fit, type Paint } from './style.ts'

const REDRAW_MS = 200
/** Answers that come sooner need no line. */
const PATIENCE_MS = 1000
/** As many names of hosts as people take in at a glance. */
const NAMES = 3

interface LineTerminal {
  readonly columns?: number
  write(text: string): unknown
}

/**
 * The last line of a terminal while hosts are asked: how many have answered, who has not, and for how long. It goes away
 * when the answers are there; text that stays is written above it.
 */
export class AnswerLine {
  readonly #terminal: LineTerminal
  readonly #paint: Paint
  readonly #now: () => number
  readonly #ticker: NodeJS.Timeout
  /** Hosts of the stage that runs. */
  #hosts = 0
  #startedAt: number
  readonly #answered = new Set<string>()
  /** Hosts that have been asked and not answered, with what they last said of their progress. */
  readonly #asked = new Map<string, string | undefined>()
  #stopping: string | undefined
  #isShown = false

  /** @param now Milliseconds. */
  constructor(terminal: LineTerminal, paint: Paint, now: () => number = () => performance.now()) {
    this.#terminal = terminal
    this.#paint = paint
    this.#now = now
    this.#startedAt = now()
    this.#ticker = setInterval(() => this.draw(), REDRAW_MS)
    this.#ticker.unref()
  }

  handle(event: Event): void {
    switch (event.kind) {
      case 'stage.started':
        this.#hosts = event.hosts.length
        this.#startedAt = this.#now()
        this.#answered.clear()
        this.#asked.clear()
        return
      case 'task.started':
        this.#asked.set(event.host, undefined)
        return
      case 'task.progress':
        this.#asked.set(event.host, progressText(event))
        return
      case 'task.finished':
        this.#asked.delete(event.host)
        this.#answered.add(event.host)
        return
      case 'run.interrupted':
        this.#stopping = interruptedText(event)
        return
      default:
    }
  }

  draw(): void {
    const passedMs = this.#now() - this.#startedAt
    if (this.#asked.size === 0 || (passedMs < PATIENCE_MS && this.#stopping === undefined)) return
    const text = this.#stopping ?? this.#text(passedMs)
    // One column stays free: some terminals break the line when the last one is written.
    this.#terminal.write(`\r\u001b[K${this.#paint('dim', fit(text, (this.#terminal.columns ?? 80) - 1))}`)
    this.#isShown = true
  }

  #text(passedMs: number): string {
    const names = [...this.#asked.keys()]
    const more = names.length - NAMES
    const shown = more > 0 ? `${names.slice(0, NAMES).join(', ')} and ${more} more` : names.join(', ')
    const [name = ''] = names
    const progress = names.length === 1 ? this.#asked.get(name) : undefined
    const counted = this.#hosts > 1 ? `${this.#answered.size} of ${this.#hosts} hosts have answered; ` : ''
    return `${clock(passedMs)}  ${counted}waiting for ${shown}${progress === undefined ? '' : `: ${progress}`}`
  }

  /** Takes the line away, for text that stays. The next draw brings it back. */
  clear(): void {
    if (!this.#isShown) return
    this.#terminal.write('\r\u001b[K')
    this.#isShown = false
  }

  close(): void {
    clearInterval(this.#ticker)
    this.clear()
  }
}
