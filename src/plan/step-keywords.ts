import type { z } from 'zod'
import { loopLookups, type stepKeywords } from '../config/schema/step.ts'
import type { StepKeywords } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { defined } from '../util/defined.ts'
import { checkConditions, checkTemplates } from './check-templates.ts'
import type { CompileContext, Scope, Source } from './compile-context.ts'

type Given = z.output<z.ZodObject<typeof stepKeywords>>

/** The keywords that tasks, blocks, roles and includes share, as the model has them. */
export function stepKeywordsOf(given: Given, scope: Scope, source: Source): StepKeywords {
  return defined({
    when: given.when ?? [],
    tags: [...new Set([...scope.tags, ...(given.tags ?? [])])],
    vars: given.vars ?? (Object.create(null) as Vars),
    become: given.become,
    becomeUser: given.become_user,
    becomeMethod: given.become_method,
    ignoreErrors: given.ignore_errors,
    ignoreUnreachable: given.ignore_unreachable,
    noLog: given.no_log,
    environment: given.environment,
    delegateTo: given.delegate_to,
    runOnce: given.run_once,
    checkMode: given.check_mode,
    diff: given.diff,
    anyErrorsFatal: given.any_errors_fatal,
    role: scope.role,
    location: source.document.locate(source.path),
  })
}

/** Templates in keywords, conditions apart, are parsed now so that a typing error does not wait for the run. */
const templated = [
  'name',
  'vars',
  'environment',
  'become',
  'become_user',
  'delegate_to',
  'no_log',
  'ignore_errors',
]
const conditional = ['when', 'until', 'changed_when', 'failed_when']
const looped = [
  'loop',
  ...loopLookups.map((name) => `with_${name}`),
  'loop_control',
  'retries',
  'delay',
  'timeout',
  'notify',
]

export function checkKeywordTemplates(context: CompileContext, item: Vars, { document, path }: Source): void {
  for (const key of [...templated, ...looped]) {
    if (Object.hasOwn(item, key)) checkTemplates(context, item[key], { document, path: [...path, key] })
  }
  for (const key of conditional) {
    if (Object.hasOwn(item, key)) checkConditions(context, item[key], { document, path: [...path, key] })
  }
}

/** Keeps which handlers a step names, and where. */
export function noteNotified(
  names: readonly string[] | undefined,
  written: Value | undefined,
  { document, path }: Source,
  scope: Scope,
): void {
  for (const [index, name] of (names ?? []).entries()) {
    const place = [...path, 'notify', ...(Array.isArray(written) ? [index] : [])]
    scope.reach.notified.push({ name, location: document.locate(place) })
  }
}

/** Splits a map into the keys that a table names and the others. */
export function partition(item: Vars, names: ReadonlySet<string>): { known: Vars; others: string[] } {
  const known: Vars = Object.create(null)
  const others: string[] = []
  for (const key of Object.keys(item)) {
    if (names.has(key)) known[key] = item[key] as Value
    else others.push(key)
  }
  return { known, others }
}

/** Reports the keywords of a map that hvlab names as unsupported; returns the map without them. */
export function withoutUnsupported(
  context: CompileContext,
  item: Vars,
  table: Readonly<Record<string, string>>,
  source: Source,
  severity: 'error' | 'lack',
): Vars {
  const rest: Vars = Object.create(null)
  for (const key of Object.keys(item)) {
    if (Object.hasOwn(table, key)) {
      const location = source.document.locate([...source.path, key], 'key')
      context[severity]('unsupported-keyword', `the keyword "${key}" is not supported`, location, table[key])
    } else rest[key] = item[key] as Value
  }
  return rest
}
