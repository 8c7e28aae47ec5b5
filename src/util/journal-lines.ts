import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FailureError } from '../model/failure.ts'
import { parsedJson } from './json.ts'

/** Everything that happened in a run, one JSON object a line. */
export function journalOf(folder: string): string {
  return join(folder, 'journal.jsonl')
}

/** Whether the folder is one of a run. */
export function hasJournal(folder: string): boolean {
  return existsSync(journalOf(folder))
}

export interface JournalLines<T> {
  readonly events: T[]
  /** The last line is none: a killed run was writing it. It is left out. */
  readonly isTorn: boolean
  /** `journal-damaged`, for the first line before the last that is none. All that are none are left out. */
  readonly damage?: FailureError
}

/** Reads a run's journal, one JSON value a line; `read` makes an event of a value, or undefined where it is none. */
export async function readableLines<T>(
  file: string,
  read: (value: unknown) => T | undefined,
): Promise<JournalLines<T>> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  const events: T[] = []
  let isTorn = false
  let damage: FailureError | undefined
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const event = read(parsedJson(line))
    if (event !== undefined) events.push(event)
    else if (index === lines.length - 1) isTorn = true
    else damage ??= damaged(file, index + 1)
  }
  return { events, isTorn, ...(damage && { damage }) }
}

/** The same where nothing may be missing: throws `journal-damaged`. */
export async function readJournalLines<T>(
  file: string,
  read: (value: unknown) => T | undefined,
): Promise<Omit<JournalLines<T>, 'damage'>> {
  const { damage, ...lines } = await readableLines(file, read)
  if (damage !== undefined) throw damage
  return lines
}

function damaged(file: string, line: number): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'journal-damaged',
    message: `Line ${line} of ${file} is not an event.`,
    hint: 'The file was changed by something other than hvlab; start a new run.',
    location: { file, line, column: 1 },
  })
}
