import type { ZodType, z } from 'zod'
import { knownKeys, mistakesOf, ownMessage } from '../config/zod-diagnostics.ts'
import type { Value, Vars } from '../model/value.ts'
import { suggestion } from '../util/did-you-mean.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Module } from './module.ts'

/** One mistake in a task's parameters, in words. */
export interface ParamIssue {
  /** Where: the parameter, and the way into it. Empty when the parameters as a whole are wrong. */
  readonly path: readonly (string | number)[]
  /** A full clause: `copy: mode must be …`. */
  readonly message: string
  readonly hint?: string
  /** Ansible has the parameter, hvlab has not. */
  readonly isLack?: true
}

/** Parses rendered parameters, or says everything that is wrong with them. */
export function readParams<Schema extends ZodType>(
  module: Module<Schema>,
  given: Value,
): Result<z.output<Schema>, ParamIssue[]> {
  const parsed = module.params.safeParse(given)
  if (parsed.success) return ok(parsed.data)
  const issues = parsed.error.issues.flatMap((issue) => explain(module, issue, given))
  // Rules between parameters say nothing while one of them is misspelt.
  const misspelt = unknownKeys(module, given).map((key) => unknown(module, [key]))
  const isRule = ({ path }: ParamIssue): boolean => path.length === 0
  return err(misspelt.length > 0 && issues.every(isRule) ? misspelt : issues)
}

function unknownKeys(module: Module, given: Value): string[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return []
  const known = new Set([...paramNames(module), ...Object.keys(aliasesOf(module))])
  return known.size === 0 ? [] : Object.keys(given).filter((key) => !known.has(key))
}

/**
 * The mistakes that are certain before templates are rendered: a value that holds a template cannot be judged yet,
 * and rules between parameters are judged by presence alone.
 */
export function checkParams(module: Module, given: Vars): ParamIssue[] {
  const result = readParams(module, given)
  if (result.ok) return []
  const aliases = Object.entries(aliasesOf(module))
  return result.error.filter(({ path: [name] }) => {
    const written = [name, ...aliases.filter(([, real]) => real === name).map(([alias]) => alias)]
    return !written.some((key) => key !== undefined && isTemplated(valueAt(given, [key])))
  })
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

function wordsOf(value: unknown): string[] | undefined {
  return typeof value === 'string' ? value.split(',').map((word) => word.trim()) : undefined
}

function explain(module: Module, issue: z.core.$ZodIssue, given: Value): ParamIssue[] {
  const all = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))
  // Of a list that was given as text with commas: the text is where the mistake is.
  const words =
    all.length === 2 && typeof all[1] === 'number' ? wordsOf(valueAt(given, all.slice(0, 1))) : undefined
  const path = words === undefined ? all : all.slice(0, 1)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknown(module, [...path, key]))
  const subject = path.join('.')
  if (subject === '') return [{ path, message: `${module.name}: ${issue.message}` }]
  const value = words === undefined ? valueAt(given, path) : words[Number(all[1])]
  if (value === undefined && !Object.values(aliasesOf(module)).includes(subject)) {
    return [{ path, message: `${module.name}: the parameter ${subject} is missing` }]
  }
  if (ownMessage(issue.message) === undefined) {
    const mistakes = mistakesOf([issue], given, module.params, { subject: module.name, key: 'parameter' })
    return mistakes.map(({ path, message, hint }) => ({
      ...{ path, message: `${module.name}: ${message}` },
      ...(hint === undefined ? {} : { hint }),
    }))
  }
  const message = `${module.name}: ${subject} ${issue.message}`
  const hint =
    issue.code === 'invalid_value' && typeof value === 'string'
      ? suggestion(value, issue.values.map(String))
      : undefined
  return [hint === undefined ? { path, message } : { path, message, hint }]
}

function unknown(module: Module, path: readonly (string | number)[]): ParamIssue {
  const name = String(path.at(-1))
  if (module.unsupported?.includes(name)) {
    return {
      path,
      message: `${module.name}: hvlab does not support the parameter ${name} of Ansible's ${module.name}`,
      hint: `remove it, or do that part with the command module`,
      isLack: true,
    }
  }
  const inside = path.slice(0, -1)
  const known = inside.length === 0 ? paramNames(module) : knownKeys(module.params, inside)
  const other = inside.length === 0 ? Object.keys(aliasesOf(module)) : []
  return {
    path,
    message: `${module.name}: unknown parameter ${name}${inside.length === 0 ? '' : ` in ${inside.join('.')}`}`,
    hint: suggestion(name, [...known, ...other]) ?? `known are ${known.join(', ')}`,
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
