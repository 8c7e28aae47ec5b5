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

/** `0:07`, `2:05`: ticks by whole seconds, so that a redraw changes as little as possible. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** A terminal's width less a margin. */
export function less(columns: number | undefined, margin: number): number | undefined {
  return columns === undefined ? undefined : columns - margin
}

/** Each line of the text behind the given margin. */
export function indent(text: string, margin: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : margin + line))
    .join('\n')
}

/** Each line that is wider than `columns` broken between words; the others, and all without `columns`, stay as they are. */
export function wrapWide(text: string, columns: number | undefined): string {
  return text
    .split('\n')
    .flatMap((line) => (columns === undefined || line.length <= columns ? [line] : wrap(line, columns)))
    .join('\n')
}

/** East Asian wide characters and emoji take two columns. Source: Unicode's EastAsianWidth.txt, by blocks. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
/** Marks that join the character before them, and characters that show nothing. */
const empty = /\p{Mn}|\p{Me}|\p{Cf}/u

function columnsOf(character: string): number {
  if (character < '\u0300') return 1
  return wide.test(character) ? 2 : empty.test(character) ? 0 : 1
}

/** Cuts a painted line to a terminal's width, colours kept balanced. */
export function fit(line: string, columns: number): string {
  // Colour sequences, or one character.
  const tokens = line.match(/\u001b\[[0-9;]*m|./gsu) ?? []
  const isColor = (token: string) => token.length > 1 && token.startsWith('\u001b')
  const needed = tokens.reduce((sum, token) => sum + (isColor(token) ? 0 : columnsOf(token)), 0)
  if (needed <= columns) return line
  let left = columns - 1
  const kept: string[] = []
  for (const token of tokens) {
    if (isColor(token)) kept.push(token)
    else if (left >= 0) {
      left -= columnsOf(token)
      kept.push(left >= 0 ? token : '…')
    }
  }
  return kept.join('')
}

/**
 * Plain text broken between words, and not between a figure and its `%` or `×`. A word that is wider than a line stays whole: it may
 * be a path to copy.
 */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<!\d)\s+|\s+(?![%×])/)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
