import { lowerFirst } from '../bench/words.ts'
import type { LanguageCode } from '../model/language-code.ts'
import { indonesian } from './indonesian.ts'
import { type Phrase, parsePhrase, type Sign, valuesOf } from './phrase.ts'

export interface Language {
  readonly tag: LanguageCode
  /** A sentence, a title or a figure in this language. What the catalogue does not know stays as it is. */
  readonly say: (english: string) => string
}

export const english: Language = { tag: 'en', say: (text) => text }

/**
 * Sentences are written once, in English, by the rules that prove them. A catalogue gives each its translation, as gettext
 * does; `{}` stands for a value, `{-}` for a name of one word, `{=}` for what a program said, which is never translated, `{:}` for
 * what a program or hvlab said.
 */
export function languageOf(code: LanguageCode): Language {
  return code === 'en' ? english : { tag: code, say: speaker(indonesian) }
}

export interface Catalogue {
  /** English → translation. Values keep their order, or are named by number: `{2}`. */
  readonly phrases: Readonly<Record<string, string>>
  /** What stands before the last of two items of a list, and before the last of more. */
  readonly and: { readonly two: string; readonly more: string }
  /** A figure's own marks: decimal and thousands. */
  readonly marks: { readonly decimal: string; readonly thousands: string }
}

interface Entry {
  readonly phrase: Phrase
  readonly translation: string
  /** The last value may be whole sentences of a program. */
  readonly quotesToTheEnd: boolean
  /** A fragment's values are no lists but of names: `{} memory writes` is not `1 KiB memory writes and 1 MiB memory writes`. */
  readonly isSentence: boolean
}

/** Longer texts are nobody's sentences; a host may have written them. */
const longestText = 5000
/** As many as a phrase of the catalogue has. */
const mostSentences = 6

function speaker({ phrases, and, marks }: Catalogue): (english: string) => string {
  const hasValues = (text: string): boolean => /\{[=:-]?\}/.test(text)
  const exact = new Map(Object.entries(phrases).filter(([text]) => !hasValues(text)))
  // Long phrases first: the more of a sentence is known, the surer its meaning.
  const entries = Object.entries(phrases)
    .filter(([text]) => hasValues(text))
    .sort(([one], [other]) => other.length - one.length)
    .map(
      ([text, translation]): Entry => ({
        phrase: parsePhrase(text),
        quotesToTheEnd: /\{[=:]\}\.?$/.test(text),
        translation,
        isSentence: text.endsWith('.') || text.endsWith(':'),
      }),
    )
  /** Titles are written small within a sentence. */
  const exactly = (text: string): string | undefined => {
    const title = exact.get(upperFirst(text))
    return exact.get(text) ?? (title === undefined ? undefined : lowerFirst(title))
  }
  const whole = (text: string, mayBeForeign = false): string | undefined => {
    const known = exactly(text)
    if (known !== undefined) return known
    if (isFigure(text)) return marked(text)
    for (const { phrase, quotesToTheEnd, translation, isSentence } of entries) {
      // A part of a sentence is never all of one.
      if (!isSentence && !quotesToTheEnd && text.endsWith('.')) continue
      const values = valuesOf(phrase, text)
      if (values === undefined) continue
      const { signs, parts } = phrase
      // A program's words may have ours between them; what says no word of ours first proves too little.
      if (mayBeForeign && parts[0] === '' && signs[0] === '' && !isOneWord(values[0] ?? '')) continue
      const isForeign = (value: string, index: number): boolean => {
        if (exactly(value) !== undefined) return false
        if (isSentence) return /[.] /.test(value) && !(quotesToTheEnd && index === values.length - 1)
        const items = value.split(listSeparator)
        return signs[index] === '' && items.length > 1 && !items.every(isOneWord)
      }
      if (values.some(isForeign)) continue
      const said = values.map((value, index) => spoken(value, signs[index]))
      let next = 0
      return translation.replace(
        /\{(\d*)\}/g,
        (_, number: string) => said[number === '' ? next++ : Number(number) - 1] ?? '',
      )
    }
    return undefined
  }
  const spoken = (value: string, sign: Sign | undefined): string => {
    if (sign === '') return say(value)
    return sign === ':' ? (whole(value, true) ?? value) : value
  }
  const marked = (text: string): string =>
    text.replace(/[.,]/g, (mark) => (mark === '.' ? marks.decimal : marks.thousands))
  /** From the beginning on what is known, as many sentences of it as possible at a time; others stay as they are. */
  const paragraph = (sentences: readonly string[]): string => {
    const said: string[] = []
    for (let at = 0; at < sentences.length; ) {
      const rest = sentences.slice(at)
      // All of them where the last one quotes a program, which may have said several.
      const counts = [rest.length, mostSentences, 5, 4, 3, 2, 1].filter((count) => count <= rest.length)
      const count = counts.find((size) => whole(rest.slice(0, size).join(' ')) !== undefined) ?? 0
      const known = count === 0 ? undefined : whole(rest.slice(0, count).join(' '))
      said.push(known === undefined ? (rest[0] ?? '') : beginning(rest, known))
      at += Math.max(1, count)
    }
    return said.join(' ')
  }
  /** Of one known thing at least, or of names of one word. */
  const list = (text: string): string => {
    const items = text.split(listSeparator)
    const known = items.map((item) => whole(item))
    if (items.length === 1 || !(known.some((item) => item !== undefined) || items.every(isOneWord)))
      return text
    const said = items.map((item, index) => known[index] ?? item)
    const before = / and [^,]*$/.test(text) ? (said.length > 2 ? and.more : and.two) : ', '
    return `${said.slice(0, -1).join(', ')}${before}${said.at(-1)}`
  }
  const say = (text: string): string => whole(text) ?? list(text)
  return (text) => {
    if (text.length > longestText) return text
    const sentences = text.split(/(?<=[.]) /)
    // Lists are taken apart within sentences only: what a host says of itself stays as it is.
    return text.endsWith('.') ? paragraph(sentences) : (whole(text) ?? text)
  }
}

/** A sentence may begin with a title that is written small within one; a name keeps its letters. */
function beginning([first = '']: readonly string[], text: string): string {
  return /^[\p{Lu}\d]/u.test(first) ? upperFirst(text) : text
}

const listSeparator = /, | and /
const isOneWord = (text: string): boolean => !text.includes(' ')

export function upperFirst(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

/** Nothing but numbers, marks between them and a unit: `4,370 events/s`, `10.0–10.3 ×`, `± 3.1 %`. A version is not. */
function isFigure(text: string): boolean {
  return (
    /^[±−-]? ?\d[\d.,]*(?:[–…][\d.,]+)?(?: (?:×|%|ns|µs|ms|s|GiB|[KM]i?B(?:it)?\/s|[KM]?iB|\S+\/s|\S+\/CPU-s))?$/.test(
      text,
    ) && !/\d\.\d+\.\d/.test(text)
  )
}
