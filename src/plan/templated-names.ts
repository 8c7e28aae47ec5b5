import { existsSync, readdirSync } from 'node:fs'
import { extname, isAbsolute, join, relative } from 'node:path'
import { isMap } from '../config/schema/common.ts'
import type { Value } from '../model/value.ts'
import { hasTemplate } from '../template/template.ts'
import { literal } from '../util/words.ts'
import type { CompileContext, Scope, Source } from './compile-context.ts'
import { roleFile } from './role-files.ts'
import { findRole, rolesIn } from './search-path.ts'

/*
 * What a name with a template in it can stand for. An include is known only when it runs, but all that it can bring is compiled
 * into the plan.
 */

/** Task files that the name can stand for. An error is reported when there is none. */
export function taskFilesLike(context: CompileContext, name: string, source: Source, scope: Scope): string[] {
  const pattern = patternOf(name)
  const folders =
    scope.role === undefined
      ? scope.folders.slice(0, 1)
      : scope.folders.filter((folder) => /\/tasks$/.test(folder))
  const files = folders.flatMap((folder) =>
    yamlFiles(folder).filter((file) => pattern.test(isAbsolute(name) ? file : relative(folder, file))),
  )
  const candidates = [...new Set(files)].filter(
    (file) => !scope.chain.includes(file) && holdsTasks(context, file),
  )
  if (candidates.length === 0) {
    const location = source.document.locate(source.path)
    const hint = `looked in ${folders.join(', ')}`
    context.lack('task-file-missing', `no file can be what ${name} stands for`, location, hint)
  }
  return candidates
}

/**
 * Roles, each with its task files, that the two names can stand for; `from` is `tasks_from`, empty for `main`. An error is reported
 * when there is no such role.
 */
export function rolesLike(
  context: CompileContext,
  name: string,
  from: string,
  source: Source,
): { readonly role: string; readonly from: string }[] {
  const pattern = patternOf(name)
  const roles = rolesIn(context.searchPath.map((folder) => join(folder, 'roles'))).filter((role) =>
    pattern.test(role),
  )
  if (roles.length === 0) {
    const location = source.document.locate(source.path)
    context.lack('role-unknown', `no role can be what ${name} stands for`, location)
  }
  return roles.flatMap((role) => {
    const path = findRole(role, context.searchPath)
    if (!path.ok) return []
    const tasks = join(path.value, 'tasks')
    const files = hasTemplate(from)
      ? yamlFiles(tasks).map((file) => relative(tasks, file))
      : [from === '' ? 'main' : from]
    return files
      .map((file) => file.replace(/\.ya?ml$/, ''))
      .filter((bare) => !hasTemplate(from) || patternOf(from).test(bare))
      .filter((bare) => roleFile(path.value, 'tasks', bare) !== undefined)
      .map((bare) => ({ role, from: bare }))
  })
}

/** What is not a template must match; the ending may be left out. */
function patternOf(template: string): RegExp {
  const parts = template.split(/\{\{.*?\}\}|\{%.*?%\}/s).map(literal)
  return new RegExp(`^${parts.join('.*')}(\\.ya?ml)?$`, 's')
}

/** YAML files of a folder and of the folders in it, four levels deep. */
function yamlFiles(folder: string, depth = 4): string[] {
  if (!existsSync(folder) || depth === 0) return []
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return yamlFiles(path, depth - 1)
      return ['.yml', '.yaml'].includes(extname(entry.name)) ? [path] : []
    })
}

/** A list of tasks, not of plays, nor a file of variables, nor one that is broken: that may be anything. */
function holdsTasks(context: CompileContext, file: string): boolean {
  const value = context.peek(file)?.value
  const isTask = (item: Value): boolean =>
    isMap(item) && !Object.hasOwn(item, 'hosts') && !Object.hasOwn(item, 'import_playbook')
  return Array.isArray(value) && value.every(isTask)
}
