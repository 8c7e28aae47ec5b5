import type { Value } from '../model/value.ts'
import { unreachable } from '../util/unreachable.ts'
import { attribute, callableMethod, describe, item, slice } from './access.ts'
import type { CallContext, Names } from './call-context.ts'
import { filters } from './filters.ts'
import { methodOf } from './methods.ts'
import { binary, compare } from './operators.ts'
import type { Runtime } from './runtime-value.ts'
import {
  Callable,
  isDictionary,
  isTruthy,
  newDictionary,
  PythonObject,
  plain,
  typeName,
  Undefined,
} from './runtime-value.ts'
import type { Arguments, Expression } from './syntax-tree.ts'
import { LazyMap, TemplateError } from './template.ts'
import { inOrder, tests } from './tests.ts'
import { unknownFilter, unknownTest } from './unknown-names.ts'

/** Evaluates with Python's semantics, strictly: what does not exist is an error wherever it is used. */
export function evaluate(expression: Expression, names: Names): Runtime {
  try {
    return evaluateNode(expression, names)
  } catch (error) {
    if (error instanceof TemplateError && error.line === undefined) {
      throw new TemplateError(error.message, {
        line: expression.line,
        ...(error.undefinedName === undefined ? {} : { undefinedName: error.undefinedName }),
      })
    }
    throw error
  }
}

export function evaluatePlain(expression: Expression, names: Names): Value {
  return plain(evaluate(expression, names), expression.line)
}

function evaluateNode(node: Expression, names: Names): Runtime {
  switch (node.kind) {
    case 'constant':
      return node.value
    case 'name':
      return names.lookup(node.name)
    case 'attribute':
      return attribute(evaluate(node.object, names), node.name, describe(node))
    case 'item':
      return itemOf(node, names)
    case 'slice':
      return slice(
        evaluatePlain(node.object, names),
        [node.start, node.stop, node.step].map((bound) =>
          bound === null ? null : evaluatePlain(bound, names),
        ),
      )
    case 'call':
      return call(node.callee, node.args, names)
    case 'filter': {
      const lazy = lazyFilters.has(node.name)
      const input = evaluate(node.input, names)
      if (!lazy) refuseMissing(input, node.input.line)
      const { positional, named } = evaluateArguments(node.args, names, lazy)
      return runFilter(node.name, input, positional, named, names)
    }
    case 'test': {
      const input = evaluate(node.input, names)
      if (!lazyTests.has(node.name)) refuseMissing(input, node.input.line)
      const { positional, named } = evaluateArguments(node.args, names, false)
      return runTest(node.name, input, positional, named) !== node.negated
    }
    case 'list':
      return node.items.map((entry) => evaluatePlain(entry, names))
    case 'dictionary':
      return newDictionary(
        node.entries.map(([key, value]): [string, Value] => [
          keyText(evaluatePlain(key, names)),
          evaluatePlain(value, names),
        ]),
      )
    case 'unary':
      return unary(node.operator, evaluatePlain(node.operand, names))
    case 'binary':
      return arithmetic(node, names)
    case 'comparison':
      return comparison(node, names)
    case 'and': {
      const left = evaluatePlain(node.left, names)
      return isTruthy(left) ? evaluatePlain(node.right, names) : left
    }
    case 'or': {
      const left = evaluatePlain(node.left, names)
      return isTruthy(left) ? left : evaluatePlain(node.right, names)
    }
    case 'conditional':
      if (isTruthy(evaluatePlain(node.condition, names))) return evaluate(node.then, names)
      if (node.otherwise !== null) return evaluate(node.otherwise, names)
      return new Undefined("the condition of 'x if y' is false and there is no 'else'", 'if', true)
    default:
      return unreachable(node)
  }
}

/** Filters and tests that may see a name that does not exist. */
const lazyFilters = new Set(['default', 'd', 'mandatory', 'ternary'])
const lazyTests = new Set(['defined', 'undefined'])

/** Throws for what does not exist, without reading lazy mappings. */
function refuseMissing(value: Runtime, line: number): void {
  if (value instanceof Undefined || value instanceof Callable) plain(value, line)
}

/** The key is not looked at when there is nothing that could have it. */
function itemOf(node: Extract<Expression, { kind: 'item' }>, names: Names): Runtime {
  const object = evaluate(node.object, names)
  return object instanceof Undefined ? object : item(object, evaluatePlain(node.key, names), describe(node))
}

function comparison(node: Extract<Expression, { kind: 'comparison' }>, names: Names): boolean {
  let left = evaluate(node.first, names)
  for (const { operator, operand } of node.rest) {
    const right = evaluate(operand, names)
    // `'host' in hostvars` must not read every host's variables.
    if (right instanceof LazyMap && (operator === 'in' || operator === 'not in')) {
      const found = right.keys().includes(String(plain(left, node.line)))
      if (found !== (operator === 'in')) return false
    } else if (left instanceof PythonObject && right instanceof PythonObject && left.type === right.type) {
      if (!compare(operator, left.rank, right.rank)) return false
    } else if (!compare(operator, plain(left, node.line), plain(right, operand.line))) {
      return false
    }
    left = right
  }
  return true
}

function arithmetic(node: Extract<Expression, { kind: 'binary' }>, names: Names): Runtime {
  const left = evaluate(node.left, names)
  const right = evaluate(node.right, names)
  if (left instanceof PythonObject) {
    const result = left.binary(node.operator, right)
    if (result !== undefined) return result
    if (node.operator !== '~')
      throw new TemplateError(`cannot compute ${typeName(left)} ${node.operator} ${typeName(right)}`)
  }
  return binary(node.operator, plain(left, node.left.line), plain(right, node.right.line))
}

function unary(operator: '-' | '+' | 'not', value: Value): Value {
  if (operator === 'not') return !isTruthy(value)
  const number = typeof value === 'boolean' ? Number(value) : value
  if (typeof number !== 'number') throw new TemplateError(`cannot compute ${operator}${typeName(value)}`)
  return operator === '-' ? -number : number
}

function keyText(value: Value): string {
  if (typeof value === 'object' && value !== null) throw new TemplateError('a key must be text or a number')
  return String(value)
}

function call(calleeNode: Expression, args: Arguments, names: Names): Runtime {
  let callee: Runtime
  if (calleeNode.kind === 'attribute') {
    const object = evaluate(calleeNode.object, names)
    const method = object instanceof LazyMap ? lazyMethod(object, calleeNode.name) : undefined
    const data = isDictionary(object) ? methodOf(object, calleeNode.name) : undefined
    if (data !== undefined) callee = callableMethod(calleeNode.name, data)
    else callee = method ?? attribute(object, calleeNode.name, describe(calleeNode))
  } else {
    callee = evaluate(calleeNode, names)
  }
  if (callee instanceof Undefined) {
    if (calleeNode.kind === 'name') throw new TemplateError(`unknown function '${calleeNode.name}'`)
    throw new TemplateError(callee.message, { undefinedName: callee.undefinedName })
  }
  if (!(callee instanceof Callable)) throw new TemplateError(`'${describe(calleeNode)}' is not a function`)
  const { positional, named } = evaluateArguments(args, names, callee.isMacro)
  return callee.call(positional, named)
}

function lazyMethod(map: LazyMap, name: string): Callable | undefined {
  if (name === 'keys') return new Callable(name, () => [...map.keys()])
  if (name === 'get') {
    return new Callable(
      name,
      (positional) => map.get(String(plain(positional[0] ?? null))) ?? positional[1] ?? null,
    )
  }
  if (name !== 'items' && name !== 'values') return undefined
  return new Callable(name, () => methodOf(plain(map), name)?.([], new Map()) ?? null)
}

function evaluateArguments(
  args: Arguments,
  names: Names,
  lazy: boolean,
): { positional: Runtime[]; named: Map<string, Runtime> } {
  const value = (node: Expression): Runtime => {
    const result = evaluate(node, names)
    if (!lazy) refuseMissing(result, node.line)
    return result
  }
  return {
    positional: args.positional.map(value),
    named: new Map(args.named.map(([name, node]) => [name, value(node)])),
  }
}

/** Applies a filter. Throws TemplateError naming the closest known one when there is none of that name. */
export function runFilter(
  name: string,
  input: Runtime,
  positional: readonly Runtime[],
  named: ReadonlyMap<string, Runtime>,
  names: Names,
): Runtime {
  const filter = filters.get(name)
  if (filter === undefined) throw unknownFilter(name)
  return filter(input, positional, named, callContext(names))
}

function runTest(
  name: string,
  input: Runtime,
  positional: readonly Runtime[],
  named: ReadonlyMap<string, Runtime>,
): boolean {
  const test = tests.get(name)
  if (test === undefined) throw unknownTest(name)
  return test(input, inOrder(name, positional, named))
}

function callContext(names: Names): CallContext {
  return {
    names,
    filter: (name, input, positional, named) => runFilter(name, input, positional, named, names),
    test: runTest,
    attribute: (value, path) =>
      path.split('.').reduce<Runtime>((object, part) => {
        if (Array.isArray(object) && /^-?\d+$/.test(part))
          return object.at(Number(part)) ?? new Undefined(`no index ${part}`, part)
        return attribute(object, part, `item.${path}`)
      }, value),
  }
}
