import type { Path } from '../config/yaml-node.ts'
import { lackedIn } from '../template/elsewhere.ts'
import { checkSyntax } from '../template/jinja.ts'
import { hasTemplate } from '../template/template.ts'
import type { CompileContext, Source } from './compile-context.ts'

/** Reports templates that cannot be parsed, anywhere in a value. Undefined names are found when the task runs. */
export function checkTemplates(context: CompileContext, value: unknown, source: Source): void {
  if (typeof value === 'string') {
    if (hasTemplate(value)) report(context, source, value, 'template')
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const segment = Array.isArray(value) ? Number(key) : key
      checkTemplates(context, item, { document: source.document, path: [...source.path, segment] })
    }
  }
}

/** Reports conditions (`when`, `until`, `changed_when`, `failed_when`) that are no expressions. */
export function checkConditions(context: CompileContext, value: unknown, source: Source): void {
  for (const [index, condition] of (Array.isArray(value) ? value : [value]).entries()) {
    if (typeof condition !== 'string') continue
    const path: Path = Array.isArray(value) ? [...source.path, index] : source.path
    const at = { document: source.document, path }
    if (/^\s*\{\{.*\}\}\s*$/s.test(condition)) {
      const message = `"${String(source.path.at(-1))}" is an expression already`
      const hint = `write it without braces: ${condition.replace(/^\s*\{\{\s*|\s*\}\}\s*$/g, '')}`
      context.error('condition-braces', message, at.document.locate(at.path), hint)
    } else report(context, at, condition, 'expression')
  }
}

function report(
  context: CompileContext,
  { document, path }: Source,
  text: string,
  kind: 'template' | 'expression',
): void {
  const error = checkSyntax(text, kind)
  if (!error) return
  const location = document.locate(path)
  const lacked = lackedIn(error)
  if (lacked !== undefined) {
    context.lack('template-syntax', lacked.message, location, lacked.instead)
    return
  }
  const isBlock = text.includes('\n') && error.line !== undefined && error.line > 1
  const line = location.line + (isBlock ? (error.line ?? 1) - 1 : 0)
  const place = isBlock ? { file: location.file, line, column: location.column } : location
  context.error('template-syntax', `the ${kind} cannot be read: ${error.message}`, place)
}
