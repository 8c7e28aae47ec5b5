import type { ZodType, z } from 'zod'
import type { Value, Vars } from '../model/value.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Module } from './module.ts'

/** One mistake in a task's parameters, in words. */
export interface ParamIssue {
  /** Where: the parameter, and the way into it. Empty when the parameters as a whole are wrong. */
  readonly path: readonly (string | number)[]
  /** A full clause: `copy: mode must be …`. */
  readonly message: string
  readonly hint?: string
}

/** Parses rendered parameters, or says everything that is wrong with them. */
export function readParams<Schema extends ZodType>(
  module: Module<Schema>,
  given: Value,
): Result<z.output<Schema>, ParamIssue[]> {
  const parsed = module.params.safeParse(given)
  if (parsed.success) return ok(parsed.data)
  return err(parsed.error.issues.flatMap((issue) => explain(module, issue, given)))
}

/**
 * The mistakes that are certain before templates are rendered: a value that holds a template cannot be judged yet,
 * and rules between parameters are judged by presence alone.
 */
export function checkParams(module: Module, given: Vars): ParamIssue[] {
  const result = readParams(module, given)
  return result.ok ? [] : result.error.filter((issue) => !isTemplated(valueAt(given, issue.path.slice(0, 1))))
}

function isTemplated(value: unknown): boolean {
  if (typeof value === 'string') return /\{\{|\{%/.test(value)
  return typeof value === 'object' && value !== null && Object.values(value).some(isTemplated)
}

function valueAt(given: unknown, path: readonly (string | number)[]): unknown {
  if (path.length === 0) return undefined
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    given,
  )
}

function explain(module: Module, issue: z.core.$ZodIssue, given: Value): ParamIssue[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknown(module, [...path, key]))
  const subject = path.join('.')
  if (subject === '') return [{ path, message: `${module.name}: ${issue.message}` }]
  if (valueAt(given, path) === undefined && !Object.values(aliasesOf(module)).includes(subject)) {
    return [{ path, message: `${module.name}: the parameter ${subject} is missing` }]
  }
  return [{ path, message: `${module.name}: ${subject} ${issue.message}` }]
}

function unknown(module: Module, path: readonly (string | number)[]): ParamIssue {
  const name = String(path.at(-1))
  if (module.unsupported?.includes(name)) {
    return {
      path,
      message: `${module.name}: hvlab does not support the parameter ${name} of Ansible's ${module.name}`,
      hint: `remove it, or do that part with the command module`,
    }
  }
  const close = nearest(name, paramNames(module))
  return {
    path,
    message: `${module.name}: unknown parameter ${name}`,
    hint: close === undefined ? `known are ${paramNames(module).join(', ')}` : `did you mean ${close}?`,
  }
}

/** Names of a module's parameters, in the order of its schema. */
export function paramNames(module: Module): string[] {
  return Object.keys(paramShape(module))
}

/** The fields of a module's schema, below the preprocessing that folds aliases. */
export function paramShape(module: Module): Readonly<Record<string, ZodType>> {
  let schema: unknown = module.params
  for (;;) {
    const def: unknown = Reflect.get(Object(Reflect.get(Object(schema), '_zod')), 'def')
    const shape: unknown = Reflect.get(Object(def), 'shape')
    if (typeof shape === 'object' && shape !== null) return shape as Record<string, ZodType>
    const inner: unknown = Reflect.get(Object(def), 'out')
    if (inner === undefined) return {}
    schema = inner
  }
}

/** Alias → parameter. */
export function aliasesOf(module: Module): Readonly<Record<string, string>> {
  const meta: unknown = module.params.meta()
  const aliases: unknown = Reflect.get(Object(meta), 'aliases')
  return typeof aliases === 'object' && aliases !== null ? (aliases as Record<string, string>) : {}
}

/** The closest of some names, when it is close enough to be what was meant. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((candidate) => ({ candidate, distance: distance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best !== undefined && best.distance <= Math.max(1, Math.floor(name.length / 3))
    ? best.candidate
    : undefined
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      current[j] = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost)
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
