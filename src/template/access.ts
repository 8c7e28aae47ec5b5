import type { Value } from '../model/value.ts'
import { didYouMean } from '../util/did-you-mean.ts'
import { methodOf } from './methods.ts'
import type { Runtime } from './runtime-value.ts'
import { Callable, isDictionary, PythonObject, plain, typeName, Undefined } from './runtime-value.ts'
import type { Expression } from './syntax-tree.ts'
import { LazyMap, TemplateError } from './template.ts'

/** How an expression is named in messages: `a.b['c']`. */
export function describe(node: Expression): string {
  switch (node.kind) {
    case 'name':
      return node.name
    case 'attribute':
      return `${describe(node.object)}.${node.name}`
    case 'item':
      return node.key.kind === 'constant'
        ? `${describe(node.object)}[${typeof node.key.value === 'string' ? `'${node.key.value}'` : String(node.key.value)}]`
        : `${describe(node.object)}[…]`
    case 'call':
      return `${describe(node.callee)}(…)`
    default:
      return 'the value'
  }
}

function owner(path: string): string {
  return path.replace(/(?:\.[^.[\]]+|\[[^[\]]*\])$/, '') || path
}

function withArticle(type: string): string {
  return type === 'none' ? 'none' : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
}

/** `object.name`: a key of a mapping, or a method. What does not exist is an Undefined that says so. */
export function attribute(object: Runtime, name: string, path: string): Runtime {
  if (object instanceof Undefined) return object
  if (object instanceof LazyMap) return object.get(name) ?? missing(name, object.keys(), path)
  if (object instanceof Callable)
    throw new TemplateError(`'${object.name}' is a function: call it with parentheses`)
  if (object instanceof PythonObject) {
    return (
      object.attribute(name) ??
      new Undefined(`'${owner(path)}' is a ${object.type} and has no '${name}'`, path)
    )
  }
  if (isDictionary(object)) {
    if (Object.hasOwn(object, name)) return object[name] ?? null
    const method = methodOf(object, name)
    return method === undefined ? missing(name, Object.keys(object), path) : callableMethod(name, method)
  }
  const method = methodOf(object, name)
  if (method !== undefined) return callableMethod(name, method)
  return new Undefined(
    `'${owner(path)}' is ${withArticle(typeName(object))} and has no attribute '${name}'`,
    path,
  )
}

function missing(name: string, known: readonly string[], path: string): Undefined {
  const closest = didYouMean(name, known)
  const hint = closest === undefined ? '' : `; did you mean '${closest}'?`
  return new Undefined(`'${owner(path)}' has no attribute '${name}'${hint}`, path)
}

/** A method as something that can be called. */
export function callableMethod(
  name: string,
  method: (args: readonly Value[], named: ReadonlyMap<string, Value>) => Value,
): Callable {
  return new Callable(name, (positional, named) =>
    method(
      positional.map((value) => plain(value)),
      new Map([...named].map(([key, value]) => [key, plain(value)])),
    ),
  )
}

/** `object[key]`. */
export function item(object: Runtime, key: Value, path: string): Runtime {
  if (object instanceof Undefined) return object
  if (object instanceof LazyMap) return object.get(String(key)) ?? missing(String(key), object.keys(), path)
  if (isDictionary(object)) {
    const text = String(key)
    return Object.hasOwn(object, text) ? (object[text] ?? null) : missing(text, Object.keys(object), path)
  }
  if (typeof object === 'string' || Array.isArray(object)) {
    if (typeof key !== 'number') {
      return new Undefined(
        `'${owner(path)}' is ${withArticle(typeName(object))} and has no attribute '${String(key)}'`,
        path,
      )
    }
    const items = typeof object === 'string' ? [...object] : object
    const found = items.at(Math.trunc(key))
    const inside = key < items.length && key >= -items.length
    return inside && found !== undefined
      ? found
      : new Undefined(`'${owner(path)}' has ${items.length} items and no index ${key}`, path)
  }
  if (object instanceof PythonObject) return attribute(object, String(key), path)
  return new Undefined(`'${owner(path)}' is ${withArticle(typeName(object))} and has no items`, path)
}

/** `object[start:stop:step]` with Python's rules. */
export function slice(object: Value, bounds: readonly Value[]): Value {
  if (typeof object !== 'string' && !Array.isArray(object)) {
    throw new TemplateError(`cannot take a slice of a ${typeName(object)}`)
  }
  const [start, stop, step] = bounds.map((bound) => {
    if (bound !== null && (typeof bound !== 'number' || !Number.isInteger(bound))) {
      throw new TemplateError('the bounds of a slice must be whole numbers')
    }
    return bound
  })
  const stride = step ?? 1
  if (stride === 0) throw new TemplateError('the step of a slice cannot be zero')
  const items: readonly Value[] = typeof object === 'string' ? [...object] : object
  const clamp = (bound: number, low: number, high: number): number =>
    Math.min(Math.max(bound < 0 ? bound + items.length : bound, low), high)
  const result: Value[] = []
  if (stride > 0) {
    const end = clamp(stop ?? items.length, 0, items.length)
    for (let at = clamp(start ?? 0, 0, items.length); at < end; at += stride) result.push(items[at] ?? null)
  } else {
    const end = stop === null || stop === undefined ? -1 : clamp(stop, -1, items.length - 1)
    const from = start === null || start === undefined ? items.length - 1 : clamp(start, -1, items.length - 1)
    for (let at = from; at > end; at += stride) result.push(items[at] ?? null)
  }
  return typeof object === 'string' ? result.join('') : result
}
