import { z } from 'zod'
import type { Value, Vars } from '../../model/value.ts'

/** A map as YAML gives it. */
export function isMap(value: unknown): value is Vars {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A map of variables, passed on as it is: `z.record` would drop `__proto__` and refuse a variable named `constructor`.
 */
export const vars = z
  .custom<Vars>(isMap, 'must be a map of variables')
  .meta({ type: 'object', description: 'Variables by name.' })

/** Any YAML value. */
export const anyValue = z.custom<Value>((value) => value !== undefined)

const scalar = z.union([z.string(), z.number(), z.boolean()])

/** Text, or text that templates make. Numbers and booleans become text, as in Ansible. */
export const text = scalar.transform(String)

const listItem = z.union([z.string(), z.number(), z.boolean()])

/** `a`, `a, b` or `[a, b]`. */
export const words = z
  .union([scalar, z.array(listItem)], 'must be text or a list of text')
  .transform((given) => (Array.isArray(given) ? given : [given]).flatMap((item) => String(item).split(',')))
  .transform((items) => items.map((item) => item.trim()).filter((item) => item !== ''))

/** `a` or `[a, b]`; commas stay, as in handlers' names. */
export const names = z
  .union([scalar, z.array(listItem)], 'must be text or a list of text')
  .transform((given) => (Array.isArray(given) ? given : [given]).map(String))

/** One condition or several that must all be true. */
export const conditions = z
  .union([scalar, z.array(scalar)], 'must be an expression or a list of expressions')
  .transform((given): Value[] => (Array.isArray(given) ? given : [given]))

/** A boolean that a template may compute. */
export const flag = z.union([z.boolean(), z.string()], 'must be true or false')

/** A number that a template may compute. */
export const amount = z.union([z.number(), z.string()], 'must be a number')

/** A boolean known before the run. */
export const plainFlag = z
  .union(
    [z.boolean(), z.string().regex(/^(yes|no|true|false|on|off)$/i, 'must be true or false')],
    'must be true or false',
  )
  .transform((given) => (typeof given === 'boolean' ? given : /^(yes|true|on)$/i.test(given)))

export const environment = z
  .custom<Value>(
    (value) => isMap(value) || typeof value === 'string' || Array.isArray(value),
    'must be a map of environment variables',
  )
  .meta({ type: ['object', 'string', 'array'], description: 'Environment variables of the commands.' })
