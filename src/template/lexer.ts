import { TemplateError } from './template.ts'

/** A token of an expression. `value` is the text, a string's content or a number. */
export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'operator'
  readonly text: string
  readonly number?: number
  readonly line: number
}

/** A template's pieces: literal text, `{{ … }}` and `{% … %}` with their tokens. Comments are gone. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output' | 'statement'; readonly tokens: readonly Token[]; readonly line: number }

const operators = [
  '**', '//', '==', '!=', '<=', '>=', '(', ')', '[', ']', '{', '}', '.', ',', ':', '|', '~', '+', '-', '*', '/', '%', '<', '>', '=',
] // biome-ignore format: a table

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
}

/** Tokens of a bare expression, as in `when:`. */
export function tokenizeExpression(text: string): readonly Token[] {
  return new Lexer(text).expressionUntil(null)
}

/**
 * Splits a template. As Ansible's template module does: the newline after a `{% %}` or `{# #}` is dropped
 * (`trim_blocks`), the last newline is kept, `-` inside a delimiter strips white space on that side, `+` keeps it.
 */
export function splitTemplate(text: string, style: TemplateStyle = {}): readonly Piece[] {
  return new Lexer(text, style).pieces()
}

export interface TemplateStyle {
  /** The first newline after a block goes. Default true. */
  readonly trimBlocks?: boolean
  /** Blanks before a block at the start of a line go. Default false. */
  readonly lstripBlocks?: boolean
  /**
   * Strings inside `{{ }}` hold backslashes as written, but for those before a quote: `'\\bword'` is a pattern. So
   * Ansible reads values of YAML, not files of templates. Default false: Python's escapes.
   */
  readonly keepsBackslashes?: boolean
}

class Lexer {
  private readonly source: string
  private position = 0
  private line = 1
  private readonly style: TemplateStyle
  private isOutput = false

  constructor(source: string, style: TemplateStyle = {}) {
    this.source = source
    this.style = style
  }

  pieces(): Piece[] {
    const pieces: Piece[] = []
    while (this.position < this.source.length) {
      const start = this.nextDelimiter(this.position)
      if (start === -1) {
        pieces.push({ kind: 'text', text: this.take(this.source.length) })
        break
      }
      const text = this.take(start)
      pieces.push({ kind: 'text', text: this.before(text, start) })
      this.delimited(pieces)
    }
    return pieces
  }

  /** Literal text, without what the delimiter after it strips. */
  private before(text: string, delimiter: number): string {
    const mark = this.source[delimiter + 2]
    if (mark === '-') return text.trimEnd()
    if (!this.style.lstripBlocks || mark === '+' || this.source[delimiter + 1] === '{') return text
    const lineStart = text.lastIndexOf('\n') + 1
    // A newline that trim_blocks took away began the line all the same.
    const from = delimiter - text.length
    const startsLine = lineStart > 0 || from === 0 || this.source[from - 1] === '\n'
    return startsLine && text.slice(lineStart).trim() === '' ? text.slice(0, lineStart) : text
  }

  private delimited(pieces: Piece[]): void {
    const opening = this.take(this.position + 2)
    const line = this.line
    if (opening === '{#') {
      const end = this.source.indexOf('#}', this.position)
      if (end === -1) throw new TemplateError("a comment opened with '{#' is never closed", { line })
      const strips = this.source[end - 1] === '-'
      this.take(end + 2)
      this.afterBlock(strips, true)
      return
    }
    if (this.source[this.position] === '-' || this.source[this.position] === '+') this.take(this.position + 1)
    const closing = opening === '{{' ? '}}' : '%}'
    this.isOutput = opening === '{{'
    const tokens = this.expressionUntil(closing)
    const strips = this.source[this.position] === '-'
    const keeps = this.source[this.position] === '+'
    this.take(this.position + (strips || keeps ? 3 : 2))
    if (opening === '{%' && tokens.length === 1 && tokens[0]?.text === 'raw') {
      this.afterBlock(strips, !keeps)
      this.raw(pieces, line)
      return
    }
    pieces.push({ kind: opening === '{{' ? 'output' : 'statement', tokens, line })
    this.afterBlock(strips, opening === '{%' && !keeps)
  }

  private raw(pieces: Piece[], line: number): void {
    const end = /\{%[-+]?\s*endraw\s*([-+]?)%\}/g
    end.lastIndex = this.position
    const match = end.exec(this.source)
    if (match === null) throw new TemplateError("'{% raw %}' is never closed by '{% endraw %}'", { line })
    const text = this.take(match.index)
    pieces.push({ kind: 'text', text: match[0][2] === '-' ? text.trimEnd() : text })
    this.take(match.index + match[0].length)
    this.afterBlock(match[1] === '-', match[1] !== '+')
  }

  private afterBlock(strips: boolean, trimsNewline: boolean): void {
    if (strips) {
      const rest = /\s*/y
      rest.lastIndex = this.position
      this.take(this.position + (rest.exec(this.source)?.[0].length ?? 0))
    } else if (trimsNewline && this.style.trimBlocks !== false) {
      if (this.source.startsWith('\r\n', this.position)) this.take(this.position + 2)
      else if (this.source[this.position] === '\n') this.take(this.position + 1)
    }
  }

  private nextDelimiter(from: number): number {
    const delimiter = /\{[{%#]/g
    delimiter.lastIndex = from
    return delimiter.exec(this.source)?.index ?? -1
  }

  /** Tokens up to a closing delimiter, which is left in place; `null` reads to the end. */
  expressionUntil(closing: string | null): Token[] {
    const tokens: Token[] = []
    const startLine = this.line
    let depth = 0
    for (;;) {
      const space = /\s*/y
      space.lastIndex = this.position
      this.take(this.position + (space.exec(this.source)?.[0].length ?? 0))
      if (this.position >= this.source.length) {
        if (closing === null) return tokens
        throw new TemplateError(`'${closing === '}}' ? '{{' : '{%'}' is never closed by '${closing}'`, {
          line: startLine,
        })
      }
      if (closing !== null && depth === 0 && this.closes(closing)) return tokens
      const token = this.token()
      if (token.kind === 'operator' && '([{'.includes(token.text)) depth += 1
      if (token.kind === 'operator' && ')]}'.includes(token.text)) depth -= 1
      tokens.push(token)
    }
  }

  private closes(closing: string): boolean {
    const at = this.position
    if (this.source.startsWith(closing, at)) return true
    return (this.source[at] === '-' || this.source[at] === '+') && this.source.startsWith(closing, at + 1)
  }

  private token(): Token {
    const line = this.line
    const name = this.match(/[\p{L}_][\p{L}\p{N}_]*/uy)
    if (name !== null) return { kind: 'name', text: name, line }
    const number = this.match(
      /0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][-+]?\d+)?/y,
    )
    if (number !== null)
      return { kind: 'number', text: number, number: Number(number.replaceAll('_', '')), line }
    const character = this.source[this.position] ?? ''
    if (character === '"' || character === "'") return { kind: 'string', text: this.string(character), line }
    const operator = operators.find((text) => this.source.startsWith(text, this.position))
    if (operator === undefined) throw new TemplateError(`unexpected character '${character}'`, { line })
    this.take(this.position + operator.length)
    return { kind: 'operator', text: operator, line }
  }

  private string(quote: string): string {
    const line = this.line
    let text = ''
    let at = this.position + 1
    while (this.source[at] !== quote) {
      if (at >= this.source.length)
        throw new TemplateError(`a string opened with ${quote} is never closed`, { line })
      if (this.source[at] !== '\\') {
        text += this.source[at]
        at += 1
        continue
      }
      if (this.isOutput && this.style.keepsBackslashes === true) {
        const next = this.source[at + 1] ?? ''
        text += next === "'" || next === '"' ? next : `\\${next}`
        at += 2
        continue
      }
      const code = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y
      code.lastIndex = at
      const match = code.exec(this.source)
      if (match !== null) {
        text += String.fromCodePoint(Number.parseInt(match[1] ?? match[2] ?? match[3] ?? '0', 16))
        at += match[0].length
        continue
      }
      const escaped = this.source[at + 1] ?? ''
      // Python keeps the backslash of an escape that it does not know; '\\1' in a regex relies on it.
      if (escaped === '\\' || escaped === "'" || escaped === '"') text += escaped
      else if (escaped !== '\n') text += escapes[escaped] ?? `\\${escaped}`
      at += 2
    }
    this.take(at + 1)
    return text
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.position
    const match = pattern.exec(this.source)
    if (match === null) return null
    this.take(this.position + match[0].length)
    return match[0]
  }

  private take(end: number): string {
    const text = this.source.slice(this.position, end)
    for (const character of text) if (character === '\n') this.line += 1
    this.position = end
    return text
  }
}
