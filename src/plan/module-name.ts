import { existsSync, readdirSync } from 'node:fs'
import { join, parse } from 'node:path'
import { describe } from '../config/describe.ts'
import { isMap } from '../config/schema/common.ts'
import { loopLookups, taskKeywords } from '../config/schema/step.ts'
import type { Location } from '../model/location.ts'
import type { Value, Vars } from '../model/value.ts'
import { insteadOf } from '../modules/elsewhere.ts'
import { didYouMean } from '../util/did-you-mean.ts'
import type { CompileContext, Scope, Source } from './compile-context.ts'
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
  /** Ansible has it, hvlab has not. */
  readonly isAbsent: boolean
}

/** Finds the one key that names a module; `action:` and `local_action:` name it in their value. */
export function nameOfModule(
  context: CompileContext,
  item: Vars,
  others: readonly string[],
  source: Source,
  scope: Scope,
): NamedModule | undefined {
  const { document, path } = source
  const known = others.filter((key) => isModule(context, key) || key === 'action' || key === 'local_action')
  const absent = others.filter(
    (key) => known.length === 0 && !key.startsWith('with_') && insteadHere(context, key, scope) !== undefined,
  )
  const modules = [...known, ...absent]
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
  const at = { document, path: [...path, key] }
  if (key !== 'action' && key !== 'local_action')
    return namedModule(context, key, value, at, false, scope, document.locate(at.path, 'key'))
  return moduleOfAction(context, key, value, at, scope)
}

function namedModule(
  context: CompileContext,
  name: string,
  value: Value,
  { path }: Source,
  isLocal: boolean,
  scope: Scope,
  location: Location,
): NamedModule | undefined {
  if (isModule(context, name)) return { name, value, path, isLocal, isAbsent: false }
  const instead = insteadHere(context, name, scope)
  if (instead === undefined) {
    unknownKey(context, name, false, location)
    return undefined
  }
  context.lack('unknown-module', `hvlab has no module "${name}"`, location, instead)
  return { name, value, path, isLocal, isAbsent: true }
}

/** What to do instead of a module that Ansible would find: one of its own, of a collection, or in the role's folder. */
function insteadHere(context: CompileContext, name: string, scope: Scope): string | undefined {
  const folder = scope.role === undefined ? undefined : context.roles.get(scope.role)?.path
  const library = join(folder ?? '', 'library')
  const files = folder !== undefined && existsSync(library) ? readdirSync(library) : []
  const own = files.find((entry) => parse(entry).name === name)
  if (own === undefined) return insteadOf(name)
  return `hvlab runs none of a role's own modules; this one is library/${own} of the role`
}

/** `action: copy src=a dest=b`, `local_action: {module: copy, src: a}`. */
function moduleOfAction(
  context: CompileContext,
  key: string,
  value: Value,
  source: Source,
  scope: Scope,
): NamedModule | undefined {
  const isLocal = key === 'local_action'
  const location = source.document.locate(source.path)
  if (typeof value === 'string') {
    const [name = '', rest] = value.trim().split(/\s+([\s\S]*)/)
    return namedModule(context, name, rest ? rest : null, source, isLocal, scope, location)
  }
  if (isMap(value) && typeof value['module'] === 'string') {
    const { module: name, ...params } = value
    return namedModule(context, name, params, source, isLocal, scope, location)
  }
  context.error('missing-module', `"${key}" must name a module, not ${describe(value)}`, location)
  return undefined
}

function isModule(context: CompileContext, name: string): boolean {
  return actionOf(name) !== undefined || context.modules.findModule(name) !== undefined
}

function unknownKey(context: CompileContext, key: string, hasModule: boolean, location: Location): void {
  if (key.startsWith('with_')) {
    context.lack(
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
  const hint = meant === undefined ? 'docs/modules.md lists the modules' : `did you mean "${meant}"?`
  context.error('unknown-module', `there is no module "${key}"`, location, hint)
}
