import { z } from 'zod'
import { parseMode } from './files/mode.ts'

/**
 * Parameters as Ansible reads them: text where a truth value or number is meant, comma lists, octal modes.
 * Descriptions and defaults given here go to docs/modules.md and the JSON Schemas.
 */

/** What a kind of parameter is called in docs/modules.md, where the schema alone cannot say it. */
export const typeLabels = z.registry<{ readonly label: string }>()

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'must be text' })

/** Text. Numbers are written out; truth values become `True`/`False`, as Python would write them. */
export const text = () =>
  scalar
    .transform((value) => (typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)))
    .register(typeLabels, { label: 'text' })

/** Text that could not become more than one line of a file, or more than one header. */
export const line = () => text().refine((value) => !/[\r\n]/.test(value), { error: 'must be one line' })

/** A path on the host or the controller: text that is not empty. */
export const path = () =>
  z
    .string({ error: 'must be a path' })
    .min(1, { error: 'must be a path, not empty text' })
    .register(typeLabels, { label: 'path' })

const truths = new Set(['yes', 'on', 'true', 't', 'y', '1'])
const falsehoods = new Set(['no', 'off', 'false', 'f', 'n', '0'])

/** yes/no, on/off, true/false, y/n, t/f, 1/0 in any case. */
export const bool = () =>
  z
    .union([z.boolean(), z.number(), z.string()], { error: 'must be yes or no' })
    .transform((value, context): boolean => {
      const word = String(value).toLowerCase()
      if (truths.has(word)) return true
      if (!falsehoods.has(word)) {
        context.addIssue({ code: 'custom', message: `must be yes or no, not ${JSON.stringify(value)}` })
      }
      return false
    })
    .register(typeLabels, { label: 'yes or no' })

/** A whole number, also as text. */
export const int = () =>
  z
    .union([z.number(), z.string()], { error: 'must be a whole number' })
    .transform((value, context) => {
      const number =
        typeof value === 'number' ? value : /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : Number.NaN
      if (Number.isSafeInteger(number)) return number
      context.addIssue({ code: 'custom', message: `must be a whole number, not ${JSON.stringify(value)}` })
      return z.NEVER
    })
    .register(typeLabels, { label: 'whole number' })

export const between = (least: number, most: number) =>
  int().refine((value) => value >= least && value <= most, { error: `must be ${least} to ${most}` })

/** A number, also as text. */
export const float = () =>
  z
    .union([z.number(), z.string()], { error: 'must be a number' })
    .transform((value, context) => {
      const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value)
      if (Number.isFinite(number)) return number
      context.addIssue({ code: 'custom', message: `must be a number, not ${JSON.stringify(value)}` })
      return z.NEVER
    })
    .register(typeLabels, { label: 'number' })

/** Several texts: a list, or one text with commas. Empty items are dropped. */
export const list = () =>
  z
    .union([z.array(scalar), scalar], { error: 'must be a list, or text with commas' })
    .transform((value) =>
      (Array.isArray(value) ? value.map(String) : String(value).split(','))
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    )
    .register(typeLabels, { label: 'list' })

/** One of the given words. */
export const choice = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: () => `must be one of ${words.join(', ')}` })

/** `'0644'`, `0644` (a YAML octal) or `'u=rw,g=r,o=r'`. */
export const mode = () =>
  z
    .union([z.string(), z.number()], { error: "must be a mode such as '0644' or 'u=rw,g=r,o=r'" })
    .transform((value, context) => {
      const result = parseMode(value)
      if (result.ok) return result.value
      context.addIssue({ code: 'custom', message: result.error })
      return z.NEVER
    })
    .register(typeLabels, { label: 'mode' })

/** Anything that YAML can hold. */
export const anything = () => z.json().register(typeLabels, { label: 'anything' })

interface Rules<Key extends string> {
  /** Ansible's other names: alias → parameter. */
  readonly aliases?: Readonly<Record<string, Key>>
  /** At least one of each group must be there. */
  readonly oneOf?: readonly (readonly Key[])[]
  /** At most one of each group may be there. */
  readonly exclusive?: readonly (readonly Key[])[]
  /** If the first is there, the second must be. */
  readonly together?: readonly (readonly [Key, Key])[]
}

/**
 * The parameters of a module: unknown names are errors, `null` counts as not given (as in Ansible), aliases are
 * folded into the real name.
 */
export function parameters<Shape extends z.ZodRawShape>(
  shape: Shape,
  rules: Rules<Extract<keyof Shape, string>> = {},
) {
  const aliases: Readonly<Record<string, string>> = rules.aliases ?? {}
  const object = z.strictObject(shape, { error: () => 'must be a map of parameters' })
  return z
    .preprocess((input, context) => {
      if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
      const folded: Record<string, unknown> = {}
      for (const [given, value] of Object.entries(input)) {
        const name = Object.hasOwn(aliases, given) ? (aliases[given] ?? given) : given
        if (value === undefined || (value === null && Object.hasOwn(shape, name))) continue
        if (Object.hasOwn(folded, name)) {
          context.addIssue({
            code: 'custom',
            path: [given],
            message: `is another name of ${name}: give one of them`,
          })
        }
        Object.defineProperty(folded, name, { value, enumerable: true, configurable: true, writable: true })
      }
      for (const message of broken(folded, rules)) context.addIssue({ code: 'custom', message, input })
      return folded
    }, object)
    .meta({ aliases })
}

/** People never write `_raw_params`. */
function inWords(name: string): string {
  return name === '_raw_params' ? 'free-form text' : name
}

function* broken(given: Record<string, unknown>, rules: Rules<string>): Generator<string> {
  const has = (name: string): boolean => Object.hasOwn(given, name)
  for (const group of rules.oneOf ?? []) {
    if (!group.some(has)) yield `needs ${group.length > 1 ? 'one of ' : ''}${group.map(inWords).join(', ')}`
  }
  for (const group of rules.exclusive ?? []) {
    const together = group.filter(has)
    if (together.length > 1) yield `cannot have ${together.map(inWords).join(' and ')} together`
  }
  for (const [first, second] of rules.together ?? []) {
    if (has(first) && !has(second)) yield `${first} needs ${second}`
  }
}
