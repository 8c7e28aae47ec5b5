import { styleText } from 'node:util'

type Look = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta'

/** Paints text when colours are wanted. Colour never carries a meaning alone: a word or a sign says the same. */
export type Paint = (look: Look, text: string) => string

export function painter(color: boolean): Paint {
  // `validateStream` reads NO_COLOR and the stream again; that choice was made already.
  return (look, text) => (color && text !== '' ? styleText(look, text) : text)
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
