import { printable } from '../util/printable.ts'

/** The last lines of a guest's serial console as plain text; lines that a carriage return overwrote count as lines. */
export function serialTail(log: string, lines = 40): string[] {
  return printable(log.replace(/\r+\n?/g, '\n'))
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-lines)
}
