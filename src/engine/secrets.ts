import { literal } from '../util/words.ts'

/** Shorter words would hide half of every text. */
const shortest = 3

/**
 * Texts that must not be seen: passwords, masks of commands. They are hidden in every form in which tools print them:
 * as they are, line by line, in base64 (at each of its three alignments), URL-encoded, JSON-escaped, shell-quoted.
 */
export class Secrets {
  readonly #forms = new Set<string>()
  #pattern: RegExp | undefined

  add(secret: string | undefined): void {
    if (secret === undefined || secret.trim().length < shortest) return
    const before = this.#forms.size
    for (const form of [secret, ...secret.split(/\r?\n/)].flatMap(formsOf)) {
      if (form.length >= shortest) this.#forms.add(form)
    }
    if (this.#forms.size !== before) this.#pattern = undefined
  }

  /** The text with every form of every secret as `***`. */
  mask(text: string): string {
    if (this.#forms.size === 0) return text
    // The longest first: a secret may hold another one.
    this.#pattern ??= new RegExp(
      [...this.#forms]
        .sort((a, b) => b.length - a.length)
        .map(literal)
        .join('|'),
      'g',
    )
    return text.replace(this.#pattern, '***')
  }
}

function formsOf(text: string): string[] {
  const trimmed = text.trim()
  if (trimmed.length < shortest) return []
  return [
    trimmed,
    encodeURIComponent(trimmed),
    encodeURIComponent(trimmed).replaceAll('%20', '+'),
    JSON.stringify(trimmed).slice(1, -1),
    trimmed.replaceAll("'", "'\\''"),
    ...base64Forms(trimmed),
  ]
}

/** What of the base64 does not depend on the bytes around the secret, for each of the three alignments. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text)
  return [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    const certain = encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))
    if (certain.length < 6) return []
    return [certain, certain.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
