import { describe } from '../config/describe.ts'
import { isMap } from '../config/schema/common.ts'
import { loopLookups, taskKeywords } from '../config/schema/step.ts'
import type { Location } from '../model/location.ts'
import type { Value, Vars } from '../model/value.ts'
import { didYouMean } from '../util/did-you-mean.ts'
import type { CompileContext, Source } from './compile-context.ts'
import { actionOf } from './task-params.ts'

export const keywordNames: ReadonlySet<string> = new Set(Object.keys(taskKeywords.shape))

/** What people write whose hands know another tool, and what it is called here. */
const otherWords: Readonly<Record<string, string>> = {
  env: 'environment',
  foreach: 'loop',
  if: 'when',
  retry: 'retries',
  sudo: 'become',
  sudo_user: 'become_user',
}

/** The module of a task, and where its parameters stand. */
export interface NamedModule {
  readonly name: string
  readonly value: Value
  readonly path: readonly (string | number)[]
  readonly isLocal: boolean
}

/** Finds the one key that names a module; `action:` and `local_action:` name it in their value. */
export function nameOfModule(
  context: CompileContext,
  item: Vars,
  others: readonly string[],
  source: Source,
): NamedModule | undefined {
  const { document, path } = source
  const modules = others.filter((key) => isModule(context, key) || key === 'action' || key === 'local_action')
  for (const key of others) {
    if (modules.includes(key)) continue
    const location = document.locate([...path, key], 'key')
    unknownKey(context, key, modules.length > 0, location)
  }
  const [key, second] = modules
  if (key === undefined) {
    if (others.length > 0) return undefined
    const hint = 'name a module, e.g. "command: true"'
    context.error('missing-module', 'the task has no module', document.locate(path), hint)
    return undefined
  }
  if (second !== undefined) {
    const message = `the task names two modules, "${key}" and "${second}"`
    context.error(
      'two-modules',
      message,
      document.locate([...path, second], 'key'),
      'write one task for each',
    )
    return undefined
  }
  const value = item[key] as Value
  if (key !== 'action' && key !== 'local_action')
    return { name: key, value, path: [...path, key], isLocal: false }
  return moduleOfAction(context, key, value, { document, path: [...path, key] })
}

/** `action: copy src=a dest=b`, `local_action: {module: copy, src: a}`. */
function moduleOfAction(
  context: CompileContext,
  key: string,
  value: Value,
  source: Source,
): NamedModule | undefined {
  const isLocal = key === 'local_action'
  const location = source.document.locate(source.path)
  if (typeof value === 'string') {
    const [name = '', rest] = value.trim().split(/\s+([\s\S]*)/)
    if (isModule(context, name)) return { name, value: rest ? rest : null, path: source.path, isLocal }
    unknownKey(context, name, false, location)
    return undefined
  }
  if (isMap(value) && typeof value['module'] === 'string') {
    const { module: name, ...params } = value
    if (isModule(context, name)) return { name, value: params, path: source.path, isLocal }
    unknownKey(context, name, false, location)
    return undefined
  }
  context.error('missing-module', `"${key}" must name a module, not ${describe(value)}`, location)
  return undefined
}

function isModule(context: CompileContext, name: string): boolean {
  return actionOf(name) !== undefined || context.modules.findModule(name) !== undefined
}

function unknownKey(context: CompileContext, key: string, hasModule: boolean, location: Location): void {
  if (key.startsWith('with_')) {
    context.error(
      'unsupported-keyword',
      `the keyword "${key}" is not supported`,
      location,
      `use loop with a filter; there are ${loopLookups.map((name) => `with_${name}`).join(', ')}`,
    )
    return
  }
  const modules = [
    ...context.modules.allModules().flatMap((module) => [module.name, ...(module.aliases ?? [])]),
    'meta',
    'include_tasks',
    'include_role',
    'import_tasks',
    'import_role',
  ]
  const isCollection = /^[a-z_]\w*\.[a-z_]\w*\.\w+$/.test(key) && !/^ansible\.(builtin|legacy)\./.test(key)
  const bare = key.replace(/^ansible\.(builtin|legacy)\./, '')
  const meantModule = didYouMean(bare, modules)
  const meantKeyword = Object.hasOwn(otherWords, key) ? otherWords[key] : didYouMean(key, keywordNames)
  if (hasModule) {
    const meant = meantKeyword ?? meantModule
    const hint = meant === undefined ? undefined : `did you mean "${meant}"?`
    context.error('unknown-key', `unknown keyword "${key}" in the task`, location, hint)
    return
  }
  const meant = meantModule ?? meantKeyword
  const hint = isCollection
    ? 'modules of collections are not supported'
    : meant === undefined
      ? 'docs/modules.md lists the modules'
      : `did you mean "${meant}"?`
  context.error('unknown-module', `there is no module "${key}"`, location, hint)
}
