import type { Value } from '../model/value.ts'
import { unreachable } from '../util/unreachable.ts'
import type { Names } from './call-context.ts'
import { evaluate, evaluatePlain, runFilter } from './evaluate-expression.ts'
import { globalFunction, namespaces } from './globals.ts'
import { pythonText } from './python-text.ts'
import type { Runtime } from './runtime-value.ts'
import {
  Callable,
  isDictionary,
  isTruthy,
  newDictionary,
  plain,
  typeName,
  Undefined,
} from './runtime-value.ts'
import type { Expression, Node } from './syntax-tree.ts'
import type { Scope } from './template.ts'
import { TemplateError } from './template.ts'

/** Names of one `for`, `with`, macro or template; what is not here is looked for outside, at last in the scope. */
export class Frame implements Names {
  private readonly names = new Map<string, Runtime>()
  private readonly outer: Names

  constructor(outer: Names) {
    this.outer = outer
  }

  /** The template's own. */
  get root(): Frame {
    return this.outer instanceof Frame ? this.outer.root : this
  }

  lookup(name: string): Runtime {
    const value = this.names.get(name)
    return value === undefined ? this.outer.lookup(name) : value
  }

  set(name: string, value: Runtime): void {
    this.names.set(name, value)
  }
}

/** The outermost names: the scope's, then Ansible's functions. */
export function namesOf(scope: Scope): Names {
  return {
    lookup(name) {
      const value = scopeValue(scope, name)
      if (value !== undefined) return value
      return globalFunction(name, scope) ?? new Undefined(`'${name}' is undefined`, name)
    },
  }
}

/** A variable whose own template needs an undefined name is itself undefined: `default()` and `is defined` apply. */
function scopeValue(scope: Scope, name: string): Runtime | undefined {
  try {
    return scope.get(name)
  } catch (error) {
    if (error instanceof TemplateError && error.undefinedName !== undefined) {
      return new Undefined(error.message, error.undefinedName)
    }
    throw error
  }
}

/** A single output is limited so that a mistake in a loop is an error and not a full memory. */
const longestText = 64 * 1024 * 1024

export function renderNodes(nodes: readonly Node[], frame: Frame): string {
  let text = ''
  for (const node of nodes) {
    text += renderNode(node, frame)
    if (text.length > longestText) throw new TemplateError('the rendered text passes 64 MiB')
  }
  return text
}

function renderNode(node: Node, frame: Frame): string {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'output':
      return pythonText(evaluatePlain(node.expression, frame))
    case 'if': {
      const branch = node.branches.find(({ condition }) => isTruthy(evaluatePlain(condition, frame)))
      return renderNodes(branch?.body ?? node.otherwise, frame)
    }
    case 'for':
      return renderLoop(node, frame)
    case 'set':
      assign(node, frame)
      return ''
    case 'capture':
      frame.set(node.name, renderNodes(node.body, new Frame(frame)))
      return ''
    case 'macro':
      frame.set(node.name, macro(node, frame))
      return ''
    case 'filter-block': {
      const start: Runtime = renderNodes(node.body, new Frame(frame))
      const result = node.filters.reduce<Runtime>((value, filter) => {
        const positional = filter.args.positional.map((argument) => evaluate(argument, frame))
        const named = new Map(filter.args.named.map(([name, argument]) => [name, evaluate(argument, frame)]))
        return runFilter(filter.name, value, positional, named, frame)
      }, start)
      return pythonText(plain(result))
    }
    case 'block':
      return renderNodes(node.body, new Frame(node.isScoped ? frame : frame.root))
    case 'with': {
      const inner = new Frame(frame)
      for (const [name, value] of node.bindings) inner.set(name, evaluate(value, frame))
      return renderNodes(node.body, inner)
    }
    default:
      return unreachable(node)
  }
}

function renderLoop(node: Extract<Node, { kind: 'for' }>, frame: Frame): string {
  const items = iterate(evaluatePlain(node.iterable, frame), node.iterable).filter((item) => {
    if (node.condition === null) return true
    const probe = new Frame(frame)
    bind(probe, node.targets, item, node.iterable.line)
    return isTruthy(evaluatePlain(node.condition, probe))
  })
  if (items.length === 0) return renderNodes(node.otherwise, new Frame(frame))
  let text = ''
  items.forEach((item, index) => {
    const inner = new Frame(frame)
    bind(inner, node.targets, item, node.iterable.line)
    inner.set('loop', loopVariable(items, index))
    text += renderNodes(node.body, inner)
  })
  return text
}

function iterate(value: Value, node: Expression): readonly Value[] {
  if (Array.isArray(value)) return value
  if (typeof value === 'string') return [...value]
  if (isDictionary(value)) return Object.keys(value)
  throw new TemplateError(`cannot loop over a ${typeName(value)}`, { line: node.line })
}

function loopVariable(items: readonly Value[], index: number): Value {
  const loop = newDictionary([
    ['index', index + 1],
    ['index0', index],
    ['revindex', items.length - index],
    ['revindex0', items.length - index - 1],
    ['first', index === 0],
    ['last', index === items.length - 1],
    ['length', items.length],
  ])
  // At the ends there is none: Jinja2 says undefined.
  if (index > 0) loop['previtem'] = items[index - 1] ?? null
  if (index < items.length - 1) loop['nextitem'] = items[index + 1] ?? null
  return loop
}

function bind(frame: Frame, targets: readonly string[], value: Runtime, line: number): void {
  const [only, ...more] = targets
  if (only !== undefined && more.length === 0) {
    frame.set(only, value)
    return
  }
  const parts = plain(value, line)
  if (!Array.isArray(parts) || parts.length !== targets.length) {
    const found = Array.isArray(parts) ? `${parts.length} values` : `a ${typeName(parts)}`
    throw new TemplateError(`cannot unpack ${found} into ${targets.length} names`, { line })
  }
  targets.forEach((name, index) => {
    frame.set(name, parts[index] ?? null)
  })
}

function assign(node: Extract<Node, { kind: 'set' }>, frame: Frame): void {
  const value = evaluate(node.value, frame)
  if (node.attribute === null) {
    bind(frame, node.targets, value, node.value.line)
    return
  }
  const name = node.targets[0] ?? ''
  const namespace = frame.lookup(name)
  if (!isDictionary(namespace) || !namespaces.has(namespace))
    throw new TemplateError(`'${name}' is not a namespace`, { line: node.value.line })
  namespace[node.attribute] = plain(value, node.value.line)
}

function macro(node: Extract<Node, { kind: 'macro' }>, frame: Frame): Callable {
  const call = (positional: readonly Runtime[], named: ReadonlyMap<string, Runtime>): Runtime => {
    const inner = new Frame(frame)
    node.parameters.forEach(({ name, fallback }, index) => {
      const value = positional[index] ?? named.get(name)
      if (value !== undefined) inner.set(name, value)
      else if (fallback !== null) inner.set(name, evaluate(fallback, inner))
      else inner.set(name, new Undefined(`macro '${node.name}' was called without '${name}'`, name))
    })
    return renderNodes(node.body, inner)
  }
  return new Callable(node.name, call, { isMacro: true })
}
