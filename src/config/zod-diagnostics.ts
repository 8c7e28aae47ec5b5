import { z } from 'zod'
import { suggestion } from '../util/did-you-mean.ts'
import { describe, describeType, either } from './describe.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { YamlDocument } from './yaml.ts'

type Issue = z.core.$ZodIssue
type Path = (string | number)[]

/** One mistake that a schema found, in plain words, before it is located. */
export interface Mistake {
  readonly code: 'unknown-key' | 'wrong-type' | 'missing-key' | 'wrong-value'
  readonly path: Path
  /** Point at the key or at the value. */
  readonly what: 'key' | 'value'
  readonly message: string
  readonly hint?: string
}

export interface Words {
  /** What the checked map is, for people: `the stage`, `the module "copy"`. */
  readonly subject: string
  /** What its keys are: `key`, `parameter`, `keyword`. Default `key`. */
  readonly key?: string
}

/** Checks a value of a document against a schema: the parsed value, or every mistake located. */
export function checkAt<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  document: YamlDocument,
  path: Path,
  words: Words,
): { value?: z.output<Schema>; diagnostics: Diagnostic[] } {
  const result = schema.safeParse(value)
  if (result.success) return { value: result.data, diagnostics: [] }
  const diagnostics = mistakesOf(result.error.issues, value, schema, words).map((mistake) =>
    locateMistake(mistake, document, path),
  )
  return { diagnostics }
}

export function locateMistake(mistake: Mistake, document: YamlDocument, path: Path): Diagnostic {
  return {
    severity: 'error',
    code: mistake.code,
    message: mistake.message,
    location: document.locate([...path, ...mistake.path], mistake.what),
    ...(mistake.hint === undefined ? {} : { hint: mistake.hint }),
  }
}

/** Zod's issues in plain words: unknown keys with suggestions, wrong types by what was written. */
export function mistakesOf(
  issues: readonly Issue[],
  value: unknown,
  schema: z.ZodType,
  words: Words,
): Mistake[] {
  return issues.flatMap((issue) => mistakeOf(issue, value, schema, words))
}

/** The first mistake of data that no person wrote, as the end of a sentence. */
export function firstMistake({ issues }: z.ZodError, value: unknown, schema: z.ZodType): string {
  return mistakesOf(issues, value, schema, { subject: 'it' })[0]?.message ?? 'it is unreadable'
}

function mistakeOf(issue: Issue, value: unknown, schema: z.ZodType, words: Words): Mistake[] {
  const path = issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))
  const actual = valueAt(value, path)
  const name = nameOf(path, words)
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, path, schema, words)
  if (actual === undefined && path.length > 0 && issue.code !== 'custom') {
    const message = `${name} is missing${path.length > 1 ? '' : ` in ${words.subject}`}`
    return [{ code: 'missing-key', path: path.slice(0, -1), what: 'key', message }]
  }
  const found = describe(actual)
  const wrong = (code: Mistake['code'], message: string, hint?: string): Mistake[] => [
    { code, path, what: 'value', message, ...(hint === undefined ? {} : { hint }) },
  ]
  const own = ownMessage(issue.message)
  if (own !== undefined) {
    const isSentencePart = /^(must|needs|is|has|cannot|takes)\b/.test(own)
    const notIt = /^must be /.test(own) && !/, not /.test(own) ? `, not ${found}` : ''
    const meant =
      issue.code === 'invalid_value' && typeof actual === 'string'
        ? suggestion(actual, issue.values.map(String))
        : undefined
    return wrong('wrong-value', isSentencePart ? `${name} ${own}${notIt}` : `${name}: ${own}`, meant)
  }
  switch (issue.code) {
    case 'invalid_type':
      return wrong('wrong-type', `${name} must be ${describeType(issue.expected)}, not ${found}`)
    case 'invalid_value': {
      const allowed = issue.values.map(String)
      const hint = typeof actual === 'string' ? suggestion(actual, allowed) : undefined
      return wrong('wrong-value', `${name} must be ${either(allowed)}, not ${found}`, hint)
    }
    case 'invalid_union':
      return unionMistake(issue, value, path, schema, words)
    case 'too_small':
      return wrong(
        'wrong-value',
        `${name} must be ${bound('at least', issue.minimum, issue.origin)}, not ${found}`,
      )
    case 'too_big':
      return wrong(
        'wrong-value',
        `${name} must be ${bound('at most', issue.maximum, issue.origin)}, not ${found}`,
      )
    case 'invalid_key':
    case 'invalid_element':
      return mistakesOf(issue.issues, actual, schema, words).map((inner) => ({ ...inner, path }))
    case 'invalid_format':
      return wrong('wrong-value', `${name} must match ${issue.pattern ?? issue.format}, not ${found}`)
    default:
      return wrong('wrong-value', `${name}: ${issue.message}`)
  }
}

function unknownKeys(keys: readonly string[], path: Path, schema: z.ZodType, words: Words): Mistake[] {
  const known = knownKeys(schema, path)
  const kind = words.key ?? 'key'
  const where = path.length === 0 ? words.subject : nameOf(path, words)
  return keys.map((key) => {
    const hint =
      suggestion(key, known) ??
      (known.length > 0 && known.length <= 12 ? `known: ${known.join(', ')}` : undefined)
    const message = `unknown ${kind} "${key}" in ${where}`
    return { code: 'unknown-key', path: [...path, key], what: 'key', message, ...(hint ? { hint } : {}) }
  })
}

/** All alternatives failed on the value itself: name them all. Otherwise the alternative that came furthest speaks. */
function unionMistake(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  value: unknown,
  path: Path,
  schema: z.ZodType,
  words: Words,
): Mistake[] {
  const flat = (branch: readonly Issue[]): boolean =>
    branch.length === 1 &&
    branch[0]?.path.length === 0 &&
    ['invalid_type', 'invalid_value'].includes(branch[0].code)
  const deeper = issue.errors.filter((branch) => !flat(branch))
  const actual = valueAt(value, path)
  if (deeper.length === 0) {
    const kinds = issue.errors.map(([first]) => {
      if (first?.code === 'invalid_type') return describeType(first.expected)
      return first?.code === 'invalid_value' ? either(first.values.map(String)) : 'something else'
    })
    const message = `${nameOf(path, words)} must be ${either(kinds)}, not ${describe(actual)}`
    return [{ code: 'wrong-type', path, what: 'value', message }]
  }
  const best = [...deeper].sort((a, b) => a.length - b.length)[0] ?? []
  const shifted = best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue)
  return mistakesOf(shifted, value, schema, words)
}

/** `"serial"`, `item 2 of "hosts"`, or the subject itself. */
function nameOf(path: Path, words: Words): string {
  const last = path.at(-1)
  if (last === undefined) return words.subject
  if (typeof last === 'string') return `"${last}"`
  return `item ${last + 1} of ${nameOf(path.slice(0, -1), words)}`
}

function bound(words: string, limit: number | bigint, origin: string): string {
  if (origin === 'string') return `${words} ${limit} characters long`
  if (origin === 'array' || origin === 'set') return `a list of ${words} ${limit}`
  return `${words} ${limit}`
}

/** A schema's own text, unless it is zod's default. */
export function ownMessage(message: string): string | undefined {
  return /^(Invalid|Unrecognized|Too (big|small)|Number must)/.test(message) ? undefined : message
}

export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let found = value
  for (const segment of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, segment)) return undefined
    found = (found as Record<string | number, unknown>)[segment]
  }
  return found
}

/** Keys that a schema's object has at a path, looking through optionals, lists and unions. */
export function knownKeys(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  const [head, ...rest] = path
  return inner(schema).flatMap((candidate): string[] => {
    if (candidate instanceof z.ZodObject) {
      const shape = candidate.shape as Record<string, z.ZodType>
      if (head === undefined) return Object.keys(shape)
      const next = Object.hasOwn(shape, head) ? shape[head] : undefined
      return next ? knownKeys(next, rest) : []
    }
    if (candidate instanceof z.ZodArray && head !== undefined)
      return knownKeys(candidate.element as z.ZodType, rest)
    if (candidate instanceof z.ZodRecord && head !== undefined)
      return knownKeys(candidate.valueType as z.ZodType, rest)
    return []
  })
}

function inner(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return inner(schema.unwrap() as z.ZodType)
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => inner(option as z.ZodType))
  if (schema instanceof z.ZodPipe)
    return [...inner(schema.in as z.ZodType), ...inner(schema.out as z.ZodType)]
  if (schema instanceof z.ZodLazy) return inner(schema.unwrap() as z.ZodType)
  return [schema]
}
