import { isMap } from '../config/schema/common.ts'
import type { Value, Vars } from '../model/value.ts'
import { pythonText } from '../template/python-text.ts'
import { newDictionary, typeName } from '../template/runtime-value.ts'

/*
 * What a role says of its arguments in meta/argument_specs.yml: types, choices, what must be there. Text that stands for a number or a
 * truth value is one, as Ansible reads it; what an argument becomes is not kept.
 */

/** Everything that is wrong with arguments, in the order of Ansible: types, choices, what is missing, what is in them. */
export function argumentErrors(spec: Vars, given: Vars, inside?: string): string[] {
  const found = inside === undefined ? '' : ` found in ${inside}`
  const values = new Map<string, Value>()
  const errors: string[] = []
  const missing = Object.entries(spec)
    .filter(([name, option]) => isMap(option) && isYes(option['required']) && given[name] === undefined)
    .map(([name]) => name)
  if (missing.length > 0) errors.push(`missing required arguments: ${missing.join(', ')}${found}`)
  for (const [name, option] of Object.entries(spec)) {
    const value = given[name]
    if (!isMap(option) || value === undefined) continue
    if (value === null && !isYes(option['required'])) {
      values.set(name, null)
      continue
    }
    const type = String(option['type'] ?? 'str')
    const converted = readAs(type, value)
    const elements = option['elements'] === undefined ? undefined : String(option['elements'])
    const items = Array.isArray(converted) && elements !== undefined ? converted : []
    const bad = items.find((item) => readAs(elements ?? '', item) === undefined)
    if (converted === undefined)
      errors.push(`argument '${name}' is ${typeName(value)} and cannot be converted to ${type}${found}`)
    else if (bad !== undefined)
      errors.push(`elements of '${name}': ${typeName(bad)} cannot be converted to ${elements}${found}`)
    else
      values.set(
        name,
        items.length === 0 ? converted : items.map((item) => readAs(elements ?? '', item) ?? null),
      )
  }
  for (const [name, value] of values) errors.push(...choiceErrors(spec[name], name, value, found))
  for (const [name, value] of values) {
    const option = spec[name]
    const options = isMap(option) ? option['options'] : undefined
    if (!isMap(options)) continue
    for (const map of [value].flat()) {
      if (!isMap(map)) continue
      errors.push(...argumentErrors(options, map, inside === undefined ? name : `${inside} -> ${name}`))
      const unknown = Object.keys(map).filter((key) => !Object.hasOwn(options, key) && !isAlias(options, key))
      const known = Object.keys(options).sort().join(', ')
      errors.push(...unknown.map((key) => `${name}.${key}. Supported parameters include: ${known}.`))
    }
  }
  return errors
}

function isYes(value: Value | undefined): boolean {
  return value === true || readAs('bool', value ?? false) === true
}

function isAlias(options: Vars, key: string): boolean {
  return Object.values(options).some((option) => isMap(option) && [option['aliases']].flat().includes(key))
}

function choiceErrors(option: Value | undefined, name: string, value: Value, found: string): string[] {
  const choices = isMap(option) ? option['choices'] : undefined
  if (!Array.isArray(choices)) return []
  const words = choices.map(inWords)
  const wrong = [value]
    .flat()
    .map(inWords)
    .find((word) => !words.includes(word))
  if (wrong === undefined) return []
  return Array.isArray(value)
    ? [`value of ${name} must be one or more of: ${words.join(', ')}. Got no match for: ${wrong}${found}`]
    : [`value of ${name} must be one of: ${words.join(', ')}, got: ${wrong}${found}`]
}

function inWords(value: Value): string {
  return value === null ? 'None' : pythonText(value)
}

const yes = ['y', 'yes', 'on', 'true', 't', '1']
const no = ['n', 'no', 'off', 'false', 'f', '0']

/** The value as that type, or undefined when it cannot be one. */
function readAs(type: string, value: Value): Value | undefined {
  const isText = typeof value === 'string'
  switch (type) {
    case 'bool': {
      const word = String(value).toLowerCase()
      return typeof value === 'object'
        ? undefined
        : yes.includes(word)
          ? true
          : no.includes(word)
            ? false
            : undefined
    }
    case 'int':
      if (isText) return /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : undefined
      return typeof value === 'boolean' || Number.isInteger(value) ? value : undefined
    case 'float': {
      if (isText)
        return /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$|^\s*[-+]?(nan|inf)\s*$/i.test(value)
          ? value
          : undefined
      return typeof value === 'number' ? value : undefined
    }
    case 'list':
      if (Array.isArray(value)) return value
      if (isText) return value.split(',').map((item) => item.trim())
      return typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : undefined
    case 'dict':
      return isMap(value) ? value : isText ? readDictionary(value) : undefined
    case 'bits':
    case 'bytes':
      return typeof value === 'number' ||
        (isText && /^\s*\d+(\.\d+)?\s*[kmgtpezy]?i?b?[a-z]*\s*$/i.test(value))
        ? value
        : undefined
    // Anything can be text; raw, json and jsonarg take what is given.
    default:
      return value
  }
}

/** JSON, or `a=1 b=2`. */
function readDictionary(text: string): Value | undefined {
  try {
    const value = JSON.parse(text) as Value
    if (isMap(value)) return value
  } catch {
    // Not JSON.
  }
  const pairs = text
    .trim()
    .split(/[,\s]+/)
    .map((pair) => pair.split('='))
  return pairs.every((pair) => pair.length === 2)
    ? newDictionary(pairs.map(([key = '', value = '']): [string, Value] => [key, value]))
    : undefined
}
