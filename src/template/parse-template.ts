import type { Piece, TemplateStyle, Token } from './lexer.ts'
import { splitTemplate, tokenizeExpression } from './lexer.ts'
import {
  parseArguments,
  parseExpression,
  parseOr,
  parseQualifiedName,
  parseTuple,
} from './parse-expression.ts'
import type { Arguments, Expression, Node } from './syntax-tree.ts'
import { TemplateError } from './template.ts'
import { TokenStream } from './token-stream.ts'

/** Parses a bare expression, as in `when:`. Throws TemplateError. */
export function parseExpressionText(text: string): Expression {
  const stream = new TokenStream(tokenizeExpression(text), 1)
  if (stream.atEnd) throw new TemplateError('the expression is empty', { line: 1 })
  const expression = parseExpression(stream)
  stream.expectEnd()
  return expression
}

/** Parses a template. Throws TemplateError. */
export function parseTemplate(text: string, style: TemplateStyle = {}): readonly Node[] {
  const parser = new TemplateParser(splitTemplate(text, style))
  return parser.all()
}

interface End {
  readonly keyword: string
  readonly stream: TokenStream
}

class TemplateParser {
  private readonly pieces: readonly Piece[]
  private index = 0

  constructor(pieces: readonly Piece[]) {
    this.pieces = pieces
  }

  all(): Node[] {
    return this.until([], 1).body
  }

  /** Reads nodes up to a statement with one of the keywords; no keywords: up to the end. */
  private until(keywords: readonly string[], openedAt: number): { body: Node[]; end: End } {
    const body: Node[] = []
    for (;;) {
      const piece = this.pieces[this.index]
      if (piece === undefined) {
        if (keywords.length === 0) return { body, end: { keyword: '', stream: new TokenStream([], 1) } }
        throw new TemplateError(
          `expected {% ${keywords.join(' %} or {% ')} %}, found the end of the template`,
          {
            line: openedAt,
          },
        )
      }
      this.index += 1
      if (piece.kind === 'text') {
        if (piece.text !== '') body.push(piece)
        continue
      }
      const stream = new TokenStream(piece.tokens as Token[], piece.line)
      if (piece.kind === 'output') {
        body.push({ kind: 'output', expression: parseTuple(stream) })
        stream.expectEnd()
        continue
      }
      const keyword = stream.expectName('a statement')
      if (keywords.includes(keyword)) return { body, end: { keyword, stream } }
      body.push(this.statement(keyword, stream, piece.line))
      stream.expectEnd()
    }
  }

  private statement(keyword: string, stream: TokenStream, line: number): Node {
    switch (keyword) {
      case 'if':
        return this.ifStatement(stream, line)
      case 'for':
        return this.forStatement(stream, line)
      case 'set':
        return this.setStatement(stream, line)
      case 'macro':
        return this.macroStatement(stream, line)
      case 'filter':
        return this.filterStatement(stream, line)
      case 'with':
        return this.withStatement(stream, line)
      case 'block':
        return this.blockStatement(stream, line)
      case 'include':
      case 'import':
      case 'from':
      case 'extends':
      case 'call':
      case 'do':
      case 'break':
      case 'continue':
        throw new TemplateError(`hvlab does not support {% ${keyword} %}`, { line })
      default:
        throw new TemplateError(`unknown statement {% ${keyword} %}`, { line })
    }
  }

  private ifStatement(stream: TokenStream, line: number): Node {
    const branches: { condition: Expression; body: Node[] }[] = []
    let condition = parseExpression(stream)
    stream.expectEnd()
    for (;;) {
      const { body, end } = this.until(['elif', 'else', 'endif'], line)
      branches.push({ condition, body })
      if (end.keyword === 'elif') {
        condition = parseExpression(end.stream)
        end.stream.expectEnd()
        continue
      }
      const otherwise = end.keyword === 'else' ? this.until(['endif'], line).body : []
      return { kind: 'if', branches, otherwise }
    }
  }

  private forStatement(stream: TokenStream, line: number): Node {
    const targets = targetNames(stream)
    if (!stream.takeName('in')) stream.fail("'in'")
    const first = parseOr(stream)
    const items = [first]
    while (stream.takeOperator(',')) items.push(parseOr(stream))
    const iterable: Expression = items.length === 1 ? first : { kind: 'list', items, line }
    const condition = stream.takeName('if') ? parseExpression(stream) : null
    if (stream.isName('recursive'))
      throw new TemplateError('hvlab does not support recursive loops', { line })
    stream.expectEnd()
    const { body, end } = this.until(['else', 'endfor'], line)
    const otherwise = end.keyword === 'else' ? this.until(['endfor'], line).body : []
    return { kind: 'for', targets, iterable, condition, body, otherwise }
  }

  private setStatement(stream: TokenStream, line: number): Node {
    const targets = targetNames(stream)
    const attribute = stream.takeOperator('.') ? stream.expectName() : null
    if (stream.takeOperator('=')) return { kind: 'set', targets, attribute, value: parseTuple(stream) }
    stream.expectEnd()
    const name = targets[0] ?? ''
    return { kind: 'capture', name, body: this.until(['endset'], line).body }
  }

  private macroStatement(stream: TokenStream, line: number): Node {
    const name = stream.expectName()
    const parameters: { name: string; fallback: Expression | null }[] = []
    stream.expectOperator('(')
    while (!stream.takeOperator(')')) {
      const parameter = stream.expectName()
      parameters.push({
        name: parameter,
        fallback: stream.takeOperator('=') ? parseExpression(stream) : null,
      })
      if (!stream.isOperator(')')) stream.expectOperator(',')
    }
    stream.expectEnd()
    return { kind: 'macro', name, parameters, body: this.until(['endmacro'], line).body }
  }

  private filterStatement(stream: TokenStream, line: number): Node {
    const filters: { name: string; args: Arguments; line: number }[] = []
    do {
      const name = parseQualifiedName(stream)
      const args = stream.isOperator('(') ? parseArguments(stream) : { positional: [], named: [] }
      filters.push({ name, args, line })
    } while (stream.takeOperator('|'))
    stream.expectEnd()
    return { kind: 'filter-block', filters, body: this.until(['endfilter'], line).body }
  }

  /** Without `extends` a block is what stands in it. Names of a loop around it are not known there, unless it is scoped. */
  private blockStatement(stream: TokenStream, line: number): Node {
    stream.expectName()
    const isScoped = stream.takeName('scoped')
    stream.takeName('required')
    stream.expectEnd()
    const { body, end } = this.until(['endblock'], line)
    if (!end.stream.atEnd) end.stream.expectName()
    end.stream.expectEnd()
    return { kind: 'block', isScoped, body }
  }

  private withStatement(stream: TokenStream, line: number): Node {
    const bindings: [string, Expression][] = []
    while (!stream.atEnd) {
      const name = stream.expectName()
      stream.expectOperator('=')
      bindings.push([name, parseExpression(stream)])
      if (!stream.atEnd) stream.expectOperator(',')
    }
    return { kind: 'with', bindings, body: this.until(['endwith'], line).body }
  }
}

function targetNames(stream: TokenStream): string[] {
  const parenthesis = stream.takeOperator('(')
  const names = [stream.expectName()]
  while (stream.takeOperator(',')) names.push(stream.expectName())
  if (parenthesis) stream.expectOperator(')')
  return names
}
