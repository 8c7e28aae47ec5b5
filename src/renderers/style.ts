import { styleText } from 'node:util'

type Look = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta'

/** Paints text when colours are wanted. Colour never carries a meaning alone: a word or a sign says the same. */
export type Paint = (look: Look, text: string) => string

/** Whether to colour is decided once, by `create.ts`; `styleText` alone would look at stdout again. */
export function painter(color: boolean): Paint {
  return (look, text) => (color && text !== '' ? styleText(look, text, { validateStream: false }) : text)
}

/** `0.4 s`, `12.3 s`, `2:05 min`, `1:02:03 h`. */
export function durationText(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`
  return `${Math.floor(whole / 3600)}:${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)} h`
}

/** Each line of the text behind the given margin. */
export function indent(text: string, margin: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : margin + line))
    .join('\n')
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Cuts a painted line to a terminal's width, colours kept balanced. One column a character. */
export function fit(line: string, columns: number): string {
  // Colour sequences, or one character.
  const tokens = line.match(/\u001b\[[0-9;]*m|./gsu) ?? []
  const isColor = (token: string) => token.length > 1 && token.startsWith('\u001b')
  if (tokens.filter((token) => !isColor(token)).length <= columns) return line
  let left = columns - 1
  const kept: string[] = []
  for (const token of tokens) {
    if (isColor(token)) kept.push(token)
    else if (left > 0) {
      kept.push(token)
      left -= 1
      if (left === 0) kept.push('…')
    }
  }
  return kept.join('')
}

/** Plain text broken between words. A word that is wider than a line stays whole: it may be a path to copy. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
