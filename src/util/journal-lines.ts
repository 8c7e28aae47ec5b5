import { readFile } from 'node:fs/promises'
import { FailureError } from '../model/failure.ts'
import { parsedJson } from './json.ts'

/**
 * Reads a run's journal, one JSON value a line; `read` makes an event of a value, or undefined where it is none. A last line that is
 * none is what a killed run was writing: it is left out (`isTorn`). Throws `journal-damaged` for any line before it.
 */
export async function readJournalLines<T>(
  file: string,
  read: (value: unknown) => T | undefined,
): Promise<{ readonly events: T[]; readonly isTorn: boolean }> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  const events: T[] = []
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const event = read(parsedJson(line))
    if (event !== undefined) events.push(event)
    else if (index === lines.length - 1) return { events, isTorn: true }
    else throw damaged(file, index + 1)
  }
  return { events, isTorn: false }
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
