/** How a value is said: in the language, as a name of one word, as a program said it, or as a program or hvlab did. */
export type Sign = '' | '-' | '=' | ':'

/** A text with places for values: `{}`, `{-}`, `{=}`, `{:}`. */
export interface Phrase {
  readonly signs: readonly Sign[]
  /** What stands before the first value, between values and after the last: one more than values. */
  readonly parts: readonly string[]
}

export function parsePhrase(text: string): Phrase {
  return {
    parts: text.split(/\{[=:-]?\}/),
    signs: [...text.matchAll(/\{([=:-]?)\}/g)].map(([, sign]) => sign as Sign),
  }
}

/**
 * The values of a text that is this phrase: each as short as what follows it allows. Looks at every letter once and never back, so
 * that no text of a host can take long.
 */
export function valuesOf({ parts, signs }: Phrase, text: string): string[] | undefined {
  const [first = '', ...others] = parts
  const last = others.at(-1) ?? ''
  const end = text.length - last.length
  if (!text.startsWith(first) || !text.endsWith(last)) return undefined
  const values: string[] = []
  let at = first.length
  for (const part of others.slice(0, -1)) {
    const found = text.indexOf(part, at + 1)
    if (found < 0 || found + part.length > end) return undefined
    values.push(text.slice(at, found))
    at = found + part.length
  }
  if (at >= end) return undefined
  values.push(text.slice(at, end))
  return values.some((value, index) => signs[index] === '-' && /\s/.test(value)) ? undefined : values
}
