import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../model/event.ts'
import { FailureError } from '../model/failure.ts'
import { readJournalLines } from '../util/journal-lines.ts'

const fileName = 'journal.jsonl'

/** Everything that happened in a run, one JSON object a line, in `journal.jsonl` of the run's folder. */
export class Journal {
  readonly #descriptor: number

  private constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** Makes the folder when it does not exist. Folder and file are the user's alone: output may hold anything. */
  static open(folder: string): Journal {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
    return new Journal(openSync(join(folder, fileName), 'a', 0o600))
  }

  /** Written before the call returns, in one piece: a killed run loses at most the line that it was writing. */
  write(event: Event): void {
    writeSync(this.#descriptor, `${JSON.stringify(event)}\n`)
  }

  close(): void {
    fsyncSync(this.#descriptor)
    closeSync(this.#descriptor)
  }
}

export interface JournalContent {
  readonly events: readonly Event[]
  /** True when the last line is cut: the run was killed while it wrote. */
  readonly isTorn: boolean
}

/**
 * Reads a run's journal. A torn last line is left out; a broken line before it is a FailureError
 * (`journal-damaged`), a missing file `journal-missing`.
 */
export async function readJournal(folder: string): Promise<JournalContent> {
  const path = join(folder, fileName)
  if (!existsSync(path)) {
    throw new FailureError({
      reason: 'config',
      code: 'journal-missing',
      message: `There is no ${fileName} in ${folder}.`,
      hint: 'Name the folder of a run, as in results/.',
    })
  }
  return readJournalLines(path, eventOf)
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
