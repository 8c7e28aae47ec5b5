import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import type { Event } from '../model/event.ts'
import { FailureError } from '../model/failure.ts'
import { hasJournal, type JournalLines, journalOf, readableLines } from '../util/journal-lines.ts'
import { lockJournal } from './run-lock.ts'

/** Everything that happened in a run, one JSON object a line, in `journal.jsonl` of the run's folder. */
export class Journal {
  readonly #path: string
  readonly #descriptor: number
  #failure: FailureError | undefined

  private constructor(path: string, descriptor: number) {
    this.#path = path
    this.#descriptor = descriptor
  }

  /** Makes the folder when it does not exist. Folder and file are the user's alone: output may hold anything. */
  static open(folder: string): Journal {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
    const path = journalOf(folder)
    const descriptor = openSync(path, 'a', 0o600)
    lockJournal(descriptor)
    return new Journal(path, descriptor)
  }

  /**
   * Written before the call returns, in one piece: a killed run loses at most the line that it was writing. Throws a FailureError
   * `journal-not-writable`, e.g. when the disk is full; nothing follows a line that was cut then.
   */
  write(event: Event): void {
    if (this.#failure !== undefined) throw this.#failure
    try {
      writeFileSync(this.#descriptor, `${JSON.stringify(event)}\n`)
    } catch (error) {
      this.#failure = notWritable(this.#path, error)
      throw this.#failure
    }
  }

  close(): void {
    if (this.#failure === undefined) fsyncSync(this.#descriptor)
    closeSync(this.#descriptor)
  }
}

export function requireJournal(folder: string): void {
  if (hasJournal(folder)) return
  throw new FailureError({
    reason: 'config',
    code: 'journal-missing',
    message: `There is no journal.jsonl in ${folder}.`,
    hint: 'Name the folder of a run, as in results/.',
  })
}

/**
 * Reads a run's journal. A torn last line is left out; a broken line before it is a FailureError
 * (`journal-damaged`), a missing file `journal-missing`, one that holds no event `journal-empty`.
 */
export async function readJournal(folder: string): Promise<Omit<JournalLines<Event>, 'damage'>> {
  const { damage, ...content } = await readableJournal(folder)
  if (damage !== undefined) throw damage
  return content
}

/** What can be read of a damaged journal, too. */
export async function readableJournal(folder: string): Promise<JournalLines<Event>> {
  requireJournal(folder)
  const content = await readableLines(journalOf(folder), eventOf)
  if (content.events.length > 0 || content.damage !== undefined) return content
  throw new FailureError({
    reason: 'config',
    code: 'journal-empty',
    message: `The journal ${journalOf(folder)} holds no event: the run was ended before it began.`,
    hint: 'There is nothing to show and nothing to continue; the folder can be removed.',
  })
}

/** Gives a recorded run's events to a renderer, in order. */
export async function replayJournal(folder: string, handle: (event: Event) => void): Promise<void> {
  const { events } = await readJournal(folder)
  for (const event of events) handle(event)
}

function eventOf(value: unknown): Event | undefined {
  const isEvent = typeof value === 'object' && value !== null && 'kind' in value && 'time' in value
  return isEvent ? (value as Event) : undefined
}

function notWritable(path: string, error: unknown): FailureError {
  const why = error instanceof Error ? error.message.replace(/^[A-Z]+: |, .*$/g, '') : String(error)
  return new FailureError(
    {
      reason: 'module',
      code: 'journal-not-writable',
      message: `The journal ${path} cannot be written: ${why}.`,
      hint: 'A run ends when it cannot say any more what it did. Mend it, then continue the run with --resume.',
    },
    { cause: error },
  )
}
