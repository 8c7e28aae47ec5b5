import type { Arguments, BinaryOperator, ComparisonOperator, Expression } from './syntax-tree.ts'
import type { TokenStream } from './token-stream.ts'

const comparisons = new Set(['==', '!=', '<', '<=', '>', '>='])
const constants: Readonly<Record<string, null | boolean>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
}

/** Jinja2's grammar, with its precedences: conditional, or, and, not, comparison, + -, ~, * / // %, **, unary, postfix. */
export function parseExpression(stream: TokenStream): Expression {
  const line = stream.line
  const then = parseOr(stream)
  if (!stream.takeName('if')) return then
  const condition = parseOr(stream)
  const otherwise = stream.takeName('else') ? parseExpression(stream) : null
  return { kind: 'conditional', condition, then, otherwise, line }
}

/** An expression or, with commas, a tuple of them: `for a, b in …`, `set x = 1, 2`. */
export function parseTuple(stream: TokenStream): Expression {
  const line = stream.line
  const first = parseExpression(stream)
  if (!stream.isOperator(',')) return first
  const items = [first]
  while (stream.takeOperator(',') && !stream.atEnd) items.push(parseExpression(stream))
  return { kind: 'list', items, line }
}

/** Without `x if y`: what stands in `for a in HERE if b`. */
export function parseOr(stream: TokenStream): Expression {
  let left = parseAnd(stream)
  for (;;) {
    const line = stream.line
    if (!stream.takeName('or')) return left
    left = { kind: 'or', left, right: parseAnd(stream), line }
  }
}

function parseAnd(stream: TokenStream): Expression {
  let left = parseNot(stream)
  for (;;) {
    const line = stream.line
    if (!stream.takeName('and')) return left
    left = { kind: 'and', left, right: parseNot(stream), line }
  }
}

function parseNot(stream: TokenStream): Expression {
  const line = stream.line
  if (stream.isName('not') && !stream.isName('in', 1)) {
    stream.next()
    return { kind: 'unary', operator: 'not', operand: parseNot(stream), line }
  }
  return parseComparison(stream)
}

function parseComparison(stream: TokenStream): Expression {
  const line = stream.line
  const first = parseSum(stream)
  const rest: { operator: ComparisonOperator; operand: Expression }[] = []
  for (;;) {
    const token = stream.peek()
    if (token?.kind === 'operator' && comparisons.has(token.text)) {
      stream.next()
      rest.push({ operator: token.text as ComparisonOperator, operand: parseSum(stream) })
    } else if (stream.takeName('in')) {
      rest.push({ operator: 'in', operand: parseSum(stream) })
    } else if (stream.isName('not') && stream.isName('in', 1)) {
      stream.next()
      stream.next()
      rest.push({ operator: 'not in', operand: parseSum(stream) })
    } else {
      return rest.length === 0 ? first : { kind: 'comparison', first, rest, line }
    }
  }
}

type Parse = (stream: TokenStream) => Expression

function leftAssociative(operand: Parse, operators: readonly BinaryOperator[]): Parse {
  return (stream) => {
    let left = operand(stream)
    for (;;) {
      const line = stream.line
      const operator = operators.find((text) => stream.takeOperator(text))
      if (operator === undefined) return left
      left = { kind: 'binary', operator, left, right: operand(stream), line }
    }
  }
}

const parsePower = leftAssociative(parseUnary, ['**'])
const parseProduct = leftAssociative(parsePower, ['*', '//', '/', '%'])
const parseConcatenation = leftAssociative(parseProduct, ['~'])
const parseSumOf = leftAssociative(parseConcatenation, ['+', '-'])

function parseSum(stream: TokenStream): Expression {
  return parseSumOf(stream)
}

function parseUnary(stream: TokenStream): Expression {
  return parseFilters(stream, parseSigned(stream))
}

function parseSigned(stream: TokenStream): Expression {
  const line = stream.line
  if (stream.takeOperator('-')) return { kind: 'unary', operator: '-', operand: parseSigned(stream), line }
  if (stream.takeOperator('+')) return { kind: 'unary', operator: '+', operand: parseSigned(stream), line }
  return parsePostfix(stream, parsePrimary(stream))
}

function parsePrimary(stream: TokenStream): Expression {
  const line = stream.line
  if (stream.takeOperator('(')) return parseParenthesis(stream, line)
  if (stream.takeOperator('[')) return { kind: 'list', items: parseItems(stream, ']'), line }
  if (stream.takeOperator('{')) return parseDictionary(stream, line)
  const token = stream.peek()
  if (token === undefined || token.kind === 'operator') return stream.fail('a value')
  stream.next()
  if (token.kind === 'number') return { kind: 'constant', value: token.number ?? 0, line }
  if (token.kind === 'string') {
    let text = token.text
    while (stream.peek()?.kind === 'string') text += stream.next().text
    return { kind: 'constant', value: text, line }
  }
  const constant = Object.hasOwn(constants, token.text) ? constants[token.text] : undefined
  return constant === undefined
    ? { kind: 'name', name: token.text, line }
    : { kind: 'constant', value: constant, line }
}

function parseParenthesis(stream: TokenStream, line: number): Expression {
  if (stream.takeOperator(')')) return { kind: 'list', items: [], line }
  const first = parseExpression(stream)
  if (stream.takeOperator(')')) return first
  stream.expectOperator(',')
  return { kind: 'list', items: [first, ...parseItems(stream, ')')], line }
}

function parseItems(stream: TokenStream, closing: string): Expression[] {
  const items: Expression[] = []
  while (!stream.takeOperator(closing)) {
    items.push(parseExpression(stream))
    if (!stream.isOperator(closing)) stream.expectOperator(',')
  }
  return items
}

function parseDictionary(stream: TokenStream, line: number): Expression {
  const entries: [Expression, Expression][] = []
  while (!stream.takeOperator('}')) {
    const key = parseExpression(stream)
    stream.expectOperator(':')
    entries.push([key, parseExpression(stream)])
    if (!stream.isOperator('}')) stream.expectOperator(',')
  }
  return { kind: 'dictionary', entries, line }
}

function parsePostfix(stream: TokenStream, start: Expression): Expression {
  let node = start
  for (;;) {
    const line = stream.line
    if (stream.takeOperator('.')) {
      const token = stream.next()
      // `list.0` is Jinja2's way to write `list[0]`.
      if (token.kind === 'number')
        node = { kind: 'item', object: node, key: { kind: 'constant', value: token.number ?? 0, line }, line }
      else if (token.kind === 'name') node = { kind: 'attribute', object: node, name: token.text, line }
      else stream.fail('a name after the dot')
    } else if (stream.takeOperator('[')) {
      node = parseSubscript(stream, node, line)
    } else if (stream.isOperator('(')) {
      node = { kind: 'call', callee: node, args: parseArguments(stream), line }
    } else {
      return node
    }
  }
}

function parseSubscript(stream: TokenStream, object: Expression, line: number): Expression {
  const bound = (): Expression | null =>
    stream.isOperator(':') || stream.isOperator(']') ? null : parseExpression(stream)
  const start = bound()
  if (!stream.takeOperator(':')) {
    if (start === null) stream.fail('an index')
    stream.expectOperator(']')
    return { kind: 'item', object, key: start, line }
  }
  const stop = bound()
  const step = stream.takeOperator(':') ? bound() : null
  stream.expectOperator(']')
  return { kind: 'slice', object, start, stop, step, line }
}

/** `(a, b=c)`, opening parenthesis included. */
export function parseArguments(stream: TokenStream): Arguments {
  const positional: Expression[] = []
  const named: [string, Expression][] = []
  stream.expectOperator('(')
  while (!stream.takeOperator(')')) {
    if (stream.peek()?.kind === 'name' && stream.isOperator('=', 1)) {
      const name = stream.expectName()
      stream.expectOperator('=')
      named.push([name, parseExpression(stream)])
    } else {
      positional.push(parseExpression(stream))
    }
    if (!stream.isOperator(')')) stream.expectOperator(',')
  }
  return { positional, named }
}

const noArguments: Arguments = { positional: [], named: [] }

/** `default` or `ansible.builtin.default`: the collection of what Ansible ships is stripped. */
export function parseQualifiedName(stream: TokenStream): string {
  let name = stream.expectName()
  while (stream.isOperator('.') && stream.peek(1)?.kind === 'name') {
    stream.next()
    name += `.${stream.expectName()}`
  }
  return name.replace(/^ansible\.builtin\./, '')
}

function parseFilters(stream: TokenStream, start: Expression): Expression {
  let node = start
  for (;;) {
    const line = stream.line
    if (stream.takeOperator('|')) {
      const name = parseQualifiedName(stream)
      node = {
        kind: 'filter',
        input: node,
        name,
        args: stream.isOperator('(') ? parseArguments(stream) : noArguments,
        line,
      }
    } else if (stream.takeName('is')) {
      const negated = stream.takeName('not')
      const name = parseQualifiedName(stream)
      node = { kind: 'test', input: node, name, args: parseTestArguments(stream), negated, line }
    } else if (stream.isOperator('(')) {
      node = { kind: 'call', callee: node, args: parseArguments(stream), line }
    } else {
      return node
    }
  }
}

/** A test's single argument needs no parentheses: `x is divisibleby 3`. */
function parseTestArguments(stream: TokenStream): Arguments {
  if (stream.isOperator('(')) return parseArguments(stream)
  const token = stream.peek()
  if (token === undefined) return noArguments
  const starts =
    token.kind === 'string' ||
    token.kind === 'number' ||
    (token.kind === 'operator' && (token.text === '[' || token.text === '{')) ||
    (token.kind === 'name' && !['and', 'or', 'else', 'if', 'is', 'in', 'not'].includes(token.text))
  return starts ? { positional: [parsePostfix(stream, parsePrimary(stream))], named: [] } : noArguments
}
