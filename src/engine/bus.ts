import type { Event, EventBody } from '../model/event.ts'
import { printable } from '../util/printable.ts'
import type { Journal } from './journal.ts'
import type { Secrets } from './secrets.ts'

/** A longer line is cut: a progress bar of a megabyte helps nobody. Characters. */
const longestLine = 4096

/** Words that say what an event is: a password that is one, or a part of one, must not take it away. */
const ownWords = new Set(['kind', 'outcome', 'reason', 'code', 'level', 'stream', 'unit', 'channel'])

/** Fields of events that hold what hosts and people wrote. */
const theirs = new Set(['data', 'effects', 'vars'])

/**
 * Where every event passes: secrets are hidden, terminal escapes and control characters are gone, then the journal
 * keeps the event and renderers draw it.
 */
export class Bus {
  readonly #secrets: Secrets
  readonly #journal: Journal | null
  readonly #handle: (event: Event) => void
  #isOpen = true

  constructor(secrets: Secrets, journal: Journal | null, handle: (event: Event) => void) {
    this.#secrets = secrets
    this.#journal = journal
    this.#handle = handle
  }

  emit(body: EventBody): void {
    // After the last event nothing may follow: an abandoned task can still be talking.
    if (!this.#isOpen) return
    const event = { time: new Date().toISOString(), ...this.#cleanEvent(body) }
    this.#journal?.write(event)
    this.#handle(event)
  }

  close(): void {
    this.#isOpen = false
    this.#journal?.close()
  }

  #cleanEvent(body: EventBody): EventBody {
    const cleaned = this.clean(body)
    if (cleaned.kind === 'task.output' && cleaned.line.length > longestLine) {
      const more = cleaned.line.length - longestLine
      return { ...cleaned, line: `${cleaned.line.slice(0, longestLine)}… (${more} more characters)` }
    }
    if (cleaned.kind !== 'task.finished' || body.kind !== 'task.finished') return cleaned
    // A result that had to be cleaned cannot stand for the real one: a resume runs the task again.
    const isSame = cleaned.data === body.data && cleaned.effects === body.effects
    return isSame ? cleaned : { ...cleaned, fingerprint: '' }
  }

  /**
   * Without secrets and terminal escapes; the same object when it has none. Of what came from hosts and people, names are cleaned
   * too.
   */
  clean<T>(value: T, isOurs = true): T {
    if (typeof value === 'string') return this.#secrets.mask(printable(value)) as T
    if (Array.isArray(value)) {
      const items = value.map((item) => this.clean(item, isOurs))
      return items.some((item, index) => item !== value[index]) ? (items as T) : value
    }
    if (typeof value !== 'object' || value === null) return value
    const before: [string, unknown][] = Object.entries(value)
    const after = before.map(([key, item]): [string, unknown] => {
      if (!isOurs) return [this.clean(key), this.clean(item, false)]
      return [key, ownWords.has(key) && typeof item === 'string' ? item : this.clean(item, !theirs.has(key))]
    })
    const isSame = after.every(
      ([key, item], index) => key === before[index]?.[0] && item === before[index]?.[1],
    )
    return isSame ? value : (Object.assign(Object.create(null), Object.fromEntries(after)) as T)
  }
}
