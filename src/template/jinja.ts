import type { Value } from '../model/value.ts'
import { evaluatePlain } from './evaluate-expression.ts'
import type { TemplateStyle } from './lexer.ts'
import { parseExpressionText, parseTemplate } from './parse-template.ts'
import { Frame, namesOf, renderNodes } from './render-nodes.ts'
import { isDictionary, newDictionary } from './runtime-value.ts'
import type { Expression, Node } from './syntax-tree.ts'
import type { Scope } from './template.ts'
import { hasTemplate, TemplateError } from './template.ts'
import { unknownNameIn } from './unknown-names.ts'

/**
 * The value of an expression without braces, as in `when:`. Strict: every name that is reached must exist; names
 * behind `is defined`, `default()` or a short circuit need not. Throws TemplateError.
 */
export function evaluate(expression: string, scope: Scope): Value {
  return evaluatePlain(cached(expressions, expression, parseExpressionText), new Frame(namesOf(scope)))
}

/** Text with its templates filled in. Throws TemplateError. */
export function render(text: string, scope: Scope, style: TemplateStyle = {}): string {
  if (!hasTemplate(text)) return text
  const isUsual = style.trimBlocks !== false && style.lstripBlocks !== true
  const nodes = isUsual ? cached(templates, text, parseUsual) : parseTemplate(text, style)
  return renderNodes(nodes, new Frame(namesOf(scope)))
}

/**
 * A value with every template inside it filled in. Text that is exactly one `{{ expression }}` becomes the
 * expression's value and keeps its type. Keys are templates too. Throws TemplateError.
 */
export function renderValue(value: Value, scope: Scope): Value {
  if (typeof value === 'string') return renderText(value, scope)
  if (Array.isArray(value)) return value.map((item) => renderValue(item, scope))
  if (!isDictionary(value)) return value
  return newDictionary(
    Object.entries(value).map(([key, item]): [string, Value] => [
      render(key, scope),
      renderValue(item, scope),
    ]),
  )
}

function renderText(text: string, scope: Scope): Value {
  if (!hasTemplate(text)) return text
  const nodes = cached(values, text, parseValue)
  const [only, ...more] = nodes
  if (only?.kind === 'output' && more.length === 0) {
    return evaluatePlain(only.expression, new Frame(namesOf(scope)))
  }
  return renderNodes(nodes, new Frame(namesOf(scope)))
}

/** The mistake in a template's or expression's syntax or filters, or undefined. Variables are not looked up. */
export function checkSyntax(
  text: string,
  kind: 'template' | 'expression' = 'template',
): TemplateError | undefined {
  try {
    return unknownNameIn(kind === 'expression' ? parseExpressionText(text) : parseTemplate(text))
  } catch (error) {
    if (error instanceof TemplateError) return error
    throw error
  }
}

/** Parsed text by source; a play renders the same few templates on every host. */
const expressions = new Map<string, Expression>()
const values = new Map<string, readonly Node[]>()
const templates = new Map<string, readonly Node[]>()
const mostCached = 4096

const parseValue = (text: string): readonly Node[] => parseTemplate(text, { keepsBackslashes: true })
const parseUsual = (text: string): readonly Node[] => parseTemplate(text)

function cached<T>(cache: Map<string, T>, text: string, parse: (text: string) => T): T {
  const known = cache.get(text)
  if (known !== undefined) return known
  const parsed = parse(text)
  if (cache.size >= mostCached) cache.clear()
  cache.set(text, parsed)
  return parsed
}
