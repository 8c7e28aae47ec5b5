import { describe, either } from '../config/describe.ts'
import { isMap } from '../config/schema/common.ts'
import { actions } from '../config/schema/stage.ts'
import { checkAt } from '../config/zod-diagnostics.ts'
import type { Vars } from '../model/value.ts'
import type { Module } from '../modules/module.ts'
import { checkParams, paramNames } from '../modules/read-params.ts'
import { hasTemplate } from '../template/template.ts'
import { suggestion } from '../util/did-you-mean.ts'
import type { CompileContext, Source } from './compile-context.ts'
import { splitAssignments, splitCommandText } from './free-form.ts'

/** Modules whose text is a command line, in which `a=b` is text and not a parameter. */
const commandModules = new Set(['command', 'shell', 'raw', 'script'])

export const metaActions: readonly string[] = [
  'flush_handlers',
  'noop',
  'end_play',
  'end_host',
  'end_batch',
  'clear_facts',
  'clear_host_errors',
  'reset_connection',
]

export type ActionName = keyof typeof actions | 'meta'

/** Keywords that the engine runs itself: looked up before the modules. */
export function actionOf(name: string): ActionName | undefined {
  const bare = name.replace(/^ansible\.(builtin|legacy)\./, '')
  if (bare === 'include') return undefined
  return bare === 'meta' || Object.hasOwn(actions, bare) ? (bare as ActionName) : undefined
}

/** Parameters of `meta`, `include_tasks` and their kin, checked. */
export function actionParams(
  context: CompileContext,
  name: ActionName,
  given: unknown,
  args: Vars | undefined,
  source: Source,
): Vars | undefined {
  const location = source.document.locate(source.path)
  if (name === 'meta') {
    const word = isMap(given) ? given['_raw_params'] : given
    if (typeof word === 'string' && metaActions.includes(word)) return { _raw_params: word }
    const hint = typeof word === 'string' ? suggestion(word, metaActions) : undefined
    context.error(
      'wrong-value',
      `"meta" must be ${either(metaActions)}, not ${describe(word)}`,
      location,
      hint,
    )
    return undefined
  }
  const main = name.endsWith('_tasks') ? 'file' : 'name'
  const text = typeof given === 'string' ? given : undefined
  const assigned = text === undefined ? undefined : splitAssignments(text)
  const params = assigned ? (assigned.ok ? assigned.value : { [main]: text }) : given
  const checked = checkAt(
    actions[name],
    { ...args, ...(isMap(params) ? params : {}) },
    source.document,
    [...source.path],
    {
      subject: `"${name}"`,
      key: 'parameter',
    },
  )
  if (!isMap(params) && params !== null) {
    context.error('wrong-type', `"${name}" needs a ${main}, not ${describe(given)}`, location)
    return undefined
  }
  context.diagnostics.push(...checked.diagnostics)
  return checked.value as Vars | undefined
}

/** Parameters of a module in the form that the engine renders and the module's schema reads, checked as far as known. */
export function moduleParams(
  context: CompileContext,
  module: Module,
  given: unknown,
  args: Vars | undefined,
  source: Source,
  argsSource: Source,
): Vars | string | undefined {
  const location = source.document.locate(source.path)
  const params = readGiven(context, module, given, source)
  if (params === undefined) return undefined
  if (typeof params === 'string') {
    if (args === undefined) return params
    context.error('wrong-type', 'a template for all parameters cannot go together with "args"', location)
    return undefined
  }
  const merged: Vars = Object.assign(Object.create(null), args, params)
  for (const issue of checkParams(module, merged)) {
    const isOfArgs =
      args !== undefined &&
      Object.hasOwn(args, String(issue.path[0])) &&
      !Object.hasOwn(params, String(issue.path[0]))
    const at = isOfArgs ? argsSource : source
    const isText = !isOfArgs && !isMap(given)
    const isKey = /unknown parameter|does not support|another name/.test(issue.message)
    const place = isText ? location : at.document.locate([...at.path, ...issue.path], isKey ? 'key' : 'value')
    const report = issue.isLack ? 'lack' : 'error'
    context[report](isKey ? 'unknown-parameter' : 'invalid-parameter', issue.message, place, issue.hint)
  }
  return merged
}

function readGiven(
  context: CompileContext,
  module: Module,
  given: unknown,
  source: Source,
): Vars | string | undefined {
  const location = source.document.locate(source.path)
  if (given === null) return Object.create(null)
  if (isMap(given)) return given
  if (typeof given === 'object') {
    context.error(
      'wrong-type',
      `the parameters of "${module.name}" must be a map, not ${describe(given)}`,
      location,
    )
    return undefined
  }
  const text = String(given)
  if (commandModules.has(module.name) && module.freeForm !== undefined)
    return splitCommandText(text, module.freeForm)
  const assigned = splitAssignments(text)
  if (assigned.ok) return assigned.value
  if (module.freeForm !== undefined) return { [module.freeForm]: text }
  if (hasTemplate(text) && /^\s*\{\{[\s\S]*\}\}\s*$/.test(text)) return text
  const names = paramNames(module).slice(0, 6).join(', ')
  const message = `"${module.name}" takes parameters, and "${assigned.error}" is not written as name=value`
  context.error('invalid-parameter', message, location, names === '' ? undefined : `known are ${names}`)
  return undefined
}
