import type { Value } from '../model/value.ts'

/** What Ansible does to values of an INI inventory: Python's `literal_eval` where it works, else the text as it is. */
export function pythonLiteral(text: string): Value {
  const reader = new LiteralReader(text.trim())
  const value = reader.value()
  return value !== undefined && reader.isAtEnd() ? value : text
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
}

/** Recursive descent over the literals that inventories hold: numbers, True, False, None, text, lists, tuples, dicts. */
class LiteralReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  isAtEnd(): boolean {
    this.#space()
    return this.#at === this.#text.length
  }

  /** Undefined when no literal starts here. */
  value(): Value | undefined {
    this.#space()
    const first = this.#text[this.#at]
    if (first === '"' || first === "'") return this.#quoted(first)
    if (first === '[') return this.#items(']')
    if (first === '(') return this.#items(')')
    if (first === '{') return this.#dict()
    return this.#word()
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1
  }

  #take(char: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== char) return false
    this.#at += 1
    return true
  }

  #word(): Value | undefined {
    const word = /^[-+\w.]+/.exec(this.#text.slice(this.#at))?.[0] ?? ''
    const value = wordValue(word)
    if (value !== undefined) this.#at += word.length
    return value
  }

  #quoted(quote: string): string | undefined {
    let result = ''
    for (let at = this.#at + 1; at < this.#text.length; at += 1) {
      const char = this.#text[at] ?? ''
      if (char === quote) {
        this.#at = at + 1
        return result
      }
      if (char === '\\') {
        at += 1
        const next = this.#text[at] ?? ''
        result += escapes[next] ?? `\\${next}`
      } else result += char
    }
    return undefined
  }

  #items(end: string): Value[] | undefined {
    this.#at += 1
    const items: Value[] = []
    while (!this.#take(end)) {
      const item = this.value()
      if (item === undefined) return undefined
      items.push(item)
      if (this.#take(',')) continue
      return this.#take(end) ? items : undefined
    }
    return items
  }

  #dict(): Value | undefined {
    this.#at += 1
    const dict = Object.create(null) as { [key: string]: Value }
    while (!this.#take('}')) {
      const key = this.value()
      if (key === undefined || typeof key === 'object' || !this.#take(':')) return undefined
      const value = this.value()
      if (value === undefined) return undefined
      dict[String(key)] = value
      if (this.#take(',')) continue
      return this.#take('}') ? dict : undefined
    }
    return dict
  }
}

/** Python: no leading zeros in decimals, `_` between digits. `0755` and `true` are no literals and stay text. */
function wordValue(word: string): Value | undefined {
  if (word === 'True') return true
  if (word === 'False') return false
  if (word === 'None') return null
  const digits = word.replace(/(?<=[\da-fA-F])_(?=[\da-fA-F])/g, '')
  if (/^[-+]?(0+|[1-9]\d*|0x[\da-fA-F]+|0o[0-7]+|0b[01]+)$/.test(digits)) {
    const sign = digits.startsWith('-') ? -1 : 1
    const number = sign * Number(digits.replace(/^[-+]/, ''))
    return Number.isSafeInteger(number) ? number : undefined
  }
  if (/^[-+]?(\d+\.\d*|\.\d+|\d+(?=e))(e[-+]?\d+)?$/i.test(digits)) return Number(digits)
  return undefined
}
