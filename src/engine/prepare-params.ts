import { FailureError } from '../model/failure.ts'
import type { Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import type { Module } from '../modules/module.ts'
import { readParams } from '../modules/read-params.ts'
import { render, renderValue } from '../template/jinja.ts'
import { isDictionary, newDictionary, typeName } from '../template/runtime-value.ts'
import { omitMark } from './scopes.ts'
import type { VariableScope } from './vars.ts'

/** A task's parameters with every template filled in, and without those that `omit` leaves out. */
export function renderParams(task: Task, module: Module, scope: VariableScope): Vars {
  const { params } = task
  if (typeof params === 'string') {
    const value = renderValue(params, scope)
    if (isDictionary(value)) return value
    throw invalid(task, `${module.name}: the parameters must be a dictionary, not ${typeName(value)}`)
  }
  const raw = new Set(module.rawParams ?? [])
  const rendered: [string, Value][] = []
  for (const [name, value] of Object.entries(params)) {
    const result = raw.has(name) ? value : renderValue(value, scope)
    // `set_fact: {"{{ item.key }}": …}`
    if (result !== omitMark) rendered.push([render(name, scope), withoutOmitted(result)])
  }
  return newDictionary(rendered)
}

function withoutOmitted(value: Value): Value {
  if (Array.isArray(value)) return value.filter((item) => item !== omitMark).map(withoutOmitted)
  if (!isDictionary(value)) return value
  return newDictionary(
    Object.entries(value)
      .filter(([, item]) => item !== omitMark)
      .map(([key, item]): [string, Value] => [key, withoutOmitted(item)]),
  )
}

/** Rendered parameters as the module's schema reads them; every mistake is named at once. */
export function parseParams(task: Task, module: Module, params: Vars): unknown {
  const result = readParams(module, params)
  if (result.ok) return result.value
  const messages = [...new Set(result.error.map(({ message }) => message))]
  throw invalid(task, messages.join('; '), result.error.find(({ hint }) => hint !== undefined)?.hint)
}

function invalid(task: Task, message: string, hint?: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'invalid-parameter',
    message,
    ...(hint === undefined ? {} : { hint }),
    location: task.location,
  })
}
