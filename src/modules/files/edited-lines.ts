import { withoutAtEnd } from '../../util/words.ts'

/**
 * Text of a file as Ansible edits it: bytes, one character each (latin1), in lines that keep their ends. So files
 * of any encoding pass unharmed.
 */
export type ByteText = string

export function toByteText(content: Uint8Array): ByteText {
  return Buffer.from(content).toString('latin1')
}

/** A parameter's text as the file would hold it: UTF-8 bytes. */
export function parameterBytes(text: string): ByteText {
  return Buffer.from(text, 'utf8').toString('latin1')
}

export function fromByteText(text: ByteText): Uint8Array {
  return Buffer.from(text, 'latin1')
}

/** Lines with their ends, as Python's `readlines`. */
export function splitLines(text: ByteText): ByteText[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

export function withoutEnd(line: ByteText): ByteText {
  return withoutAtEnd(line, '\r\n')
}

/** Appends a newline to the last line when it has none, so that a line can follow it. */
export function endLast(lines: ByteText[]): void {
  const last = lines.at(-1)
  if (last !== undefined && !/[\r\n]$/.test(last)) lines[lines.length - 1] = `${last}\n`
}
