import type { Value } from '../model/value.ts'
import { braceFormat } from './brace-format.ts'
import { isEqual } from './operators.ts'
import { pythonText } from './python-text.ts'
import { isDictionary } from './runtime-value.ts'
import { TemplateError } from './template.ts'

type Method = (args: readonly Value[], named: ReadonlyMap<string, Value>) => Value

/**
 * Python's methods that templates may call. Only these: nothing of JavaScript is reachable from a template.
 * Returns undefined when the value has no such method.
 */
export function methodOf(value: Value, name: string): Method | undefined {
  if (typeof value === 'string') return stringMethod(value, name)
  if (Array.isArray(value)) return listMethod(value, name)
  if (isDictionary(value)) return dictionaryMethod(value, name)
  return undefined
}

function text(args: readonly Value[], index: number, fallback?: string): string {
  const value = args[index] ?? fallback
  if (typeof value !== 'string') throw new TemplateError(`argument ${index + 1} must be text`)
  return value
}

function textOrNone(args: readonly Value[], index: number): string | null {
  return args[index] === undefined || args[index] === null ? null : text(args, index)
}

function whole(args: readonly Value[], index: number, fallback?: number): number {
  const value = args[index] ?? fallback
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TemplateError(`argument ${index + 1} must be a whole number`)
  }
  return value
}

function stringMethod(self: string, name: string): Method | undefined {
  const some = (args: readonly Value[], test: (part: string) => boolean): boolean =>
    Array.isArray(args[0]) ? args[0].some((part) => test(pythonText(part))) : test(text(args, 0))
  const methods: Readonly<Record<string, Method>> = {
    upper: () => self.toUpperCase(),
    lower: () => self.toLowerCase(),
    title: () => titleCase(self),
    capitalize: () => capitalize(self),
    strip: (args) => stripped(self, textOrNone(args, 0), true, true),
    lstrip: (args) => stripped(self, textOrNone(args, 0), true, false),
    rstrip: (args) => stripped(self, textOrNone(args, 0), false, true),
    split: (args, named) => split(self, textOrNone(args, 0), limit(args, named)),
    rsplit: (args, named) => rsplit(self, textOrNone(args, 0), limit(args, named)),
    splitlines: () => splitLines(self),
    startswith: (args) => some(args, (part) => self.startsWith(part)),
    endswith: (args) => some(args, (part) => self.endsWith(part)),
    replace: (args) => replaced(self, text(args, 0), text(args, 1), args[2]),
    find: (args) => codePoint(self, self.indexOf(text(args, 0))),
    rfind: (args) => codePoint(self, self.lastIndexOf(text(args, 0))),
    count: (args) => self.split(text(args, 0)).length - 1,
    join: (args) => (Array.isArray(args[0]) ? args[0].map(pythonText).join(self) : ''),
    format: (args, named) => braceFormat(self, args, named),
    zfill: (args) => self.padStart(whole(args, 0), '0'),
    ljust: (args) => self.padEnd(whole(args, 0), text(args, 1, ' ')),
    rjust: (args) => self.padStart(whole(args, 0), text(args, 1, ' ')),
    isdigit: () => /^\d+$/.test(self),
    isalpha: () => /^\p{L}+$/u.test(self),
    isalnum: () => /^[\p{L}\d]+$/u.test(self),
    isspace: () => /^\s+$/.test(self),
    islower: () => self === self.toLowerCase() && self !== self.toUpperCase(),
    isupper: () => self === self.toUpperCase() && self !== self.toLowerCase(),
    removeprefix: (args) => (self.startsWith(text(args, 0)) ? self.slice(text(args, 0).length) : self),
    removesuffix: (args) =>
      self.endsWith(text(args, 0)) ? self.slice(0, self.length - text(args, 0).length) : self,
  }
  return Object.hasOwn(methods, name) ? methods[name] : undefined
}

/** Python counts characters, JavaScript halves of some. */
function codePoint(text: string, index: number): number {
  return index <= 0 ? index : [...text.slice(0, index)].length
}

function limit(args: readonly Value[], named: ReadonlyMap<string, Value>): number {
  const value = args[1] ?? named.get('maxsplit')
  return typeof value === 'number' ? value : -1
}

function listMethod(self: readonly Value[], name: string): Method | undefined {
  const methods: Readonly<Record<string, Method>> = {
    index: (args) => {
      const position = self.findIndex((item) => isEqual(item, args[0] ?? null))
      if (position === -1) throw new TemplateError('the list does not hold the value whose index was asked')
      return position
    },
    count: (args) => self.filter((item) => isEqual(item, args[0] ?? null)).length,
    copy: () => [...self],
  }
  return Object.hasOwn(methods, name) ? methods[name] : undefined
}

function dictionaryMethod(self: { [key: string]: Value }, name: string): Method | undefined {
  const methods: Readonly<Record<string, Method>> = {
    keys: () => Object.keys(self),
    values: () => Object.values(self),
    items: () => Object.entries(self).map(([key, value]): Value => [key, value]),
    get: (args) => {
      const key = pythonText(args[0] ?? null)
      return Object.hasOwn(self, key) ? (self[key] ?? null) : (args[1] ?? null)
    },
    copy: () => ({ __proto__: null, ...self }) as unknown as Value,
  }
  return Object.hasOwn(methods, name) ? methods[name] : undefined
}

export function titleCase(value: string): string {
  return value.replace(/\p{L}+/gu, capitalize)
}

export function capitalize(value: string): string {
  return value.slice(0, 1).toUpperCase() + value.slice(1).toLowerCase()
}

/** Without white space, or without any of the given characters, at the ends asked for. */
export function stripped(value: string, characters: string | null, start: boolean, end: boolean): string {
  const drops = (character: string): boolean =>
    characters === null ? /\s/.test(character) : characters.includes(character)
  let from = 0
  let to = value.length
  while (start && from < to && drops(value[from] ?? '')) from += 1
  while (end && to > from && drops(value[to - 1] ?? '')) to -= 1
  return value.slice(from, to)
}

/** Python's split: without a separator at runs of white space, empty parts dropped. */
export function split(value: string, separator: string | null, most = -1): string[] {
  if (separator === '') throw new TemplateError('cannot split at an empty separator')
  if (separator === null) {
    const words = value
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '')
    if (most < 0 || words.length <= most) return words
    const rest = new RegExp(`^\\s*(?:\\S+\\s+){${most}}`).exec(value)?.[0].length ?? 0
    return [...words.slice(0, most), value.slice(rest).trimEnd()]
  }
  const parts = value.split(separator)
  if (most < 0 || parts.length <= most + 1) return parts
  return [...parts.slice(0, most), parts.slice(most).join(separator)]
}

function rsplit(value: string, separator: string | null, most: number): string[] {
  const parts = split(value, separator)
  if (most < 0 || parts.length <= most + 1) return parts
  const head = parts.length - most
  return [parts.slice(0, head).join(separator ?? ' '), ...parts.slice(head)]
}

function splitLines(value: string): string[] {
  const lines = value.split(/\r\n|\n|\r/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function replaced(value: string, old: string, by: string, count: Value | undefined): string {
  if (typeof count !== 'number' || count < 0) return value.replaceAll(old, by)
  let left = count
  return value.split(old).reduce((result, part) => {
    left -= 1
    return result + (left >= 0 ? by : old) + part
  })
}
