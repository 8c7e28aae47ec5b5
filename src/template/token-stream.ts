import type { Token } from './lexer.ts'
import { TemplateError } from './template.ts'

/** Reads tokens one after another; every complaint names the line and what stood there. */
export class TokenStream {
  private readonly tokens: readonly Token[]
  private readonly endLine: number
  private index = 0

  constructor(tokens: readonly Token[], endLine: number) {
    this.tokens = tokens
    this.endLine = tokens.at(-1)?.line ?? endLine
  }

  get line(): number {
    return this.peek()?.line ?? this.endLine
  }

  get atEnd(): boolean {
    return this.index >= this.tokens.length
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.index + ahead]
  }

  next(): Token {
    const token = this.tokens[this.index]
    if (token === undefined) throw new TemplateError('the expression ends too early', { line: this.line })
    this.index += 1
    return token
  }

  isOperator(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token?.kind === 'operator' && token.text === text
  }

  isName(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token?.kind === 'name' && token.text === text
  }

  takeOperator(text: string): boolean {
    if (!this.isOperator(text)) return false
    this.index += 1
    return true
  }

  takeName(text: string): boolean {
    if (!this.isName(text)) return false
    this.index += 1
    return true
  }

  expectOperator(text: string): void {
    if (!this.takeOperator(text)) this.fail(`'${text}'`)
  }

  expectName(what = 'a name'): string {
    if (this.peek()?.kind !== 'name') this.fail(what)
    return this.next().text
  }

  expectEnd(): void {
    if (!this.atEnd) this.fail('the end of the expression')
  }

  fail(wanted: string): never {
    const token = this.peek()
    const found = token === undefined ? 'the end' : `'${token.text}'`
    throw new TemplateError(`expected ${wanted}, found ${found}`, { line: this.line })
  }
}
