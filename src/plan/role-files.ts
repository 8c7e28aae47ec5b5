import { existsSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { mergeVars } from '../config/inventory-builder.ts'
import { findVarsFiles, readVarsFile } from '../config/vars-files.ts'
import type { Location } from '../model/location.ts'
import type { Vars } from '../model/value.ts'
import { suggestion } from '../util/did-you-mean.ts'
import type { CompileContext } from './compile-context.ts'
import { findRole } from './search-path.ts'

/** Which files of a role are meant; `main` unless a task says otherwise. */
export interface RoleFiles {
  readonly tasks?: string
  readonly vars?: string
  readonly defaults?: string
  readonly handlers?: string
}

/** The folder of a role; a role that does not exist is an error that lists where it was looked for. */
export function roleFolder(
  context: CompileContext,
  name: string,
  location: Location,
  severity: 'error' | 'lack',
  beside: string | undefined,
): string | undefined {
  const found = findRole(name, context.searchPath, beside)
  if (found.ok) return found.value
  const { known, lookedIn } = found.error
  const hint = [suggestion(name, known), `looked in ${lookedIn.join(', ')}`]
  const text = hint.filter((part) => part !== undefined).join(' ')
  context[severity]('role-unknown', `there is no role "${name}"`, location, text)
  return undefined
}

/** A file of a role's `tasks`, `handlers` or `meta`, or undefined. */
export function roleFile(
  path: string,
  kind: 'tasks' | 'handlers' | 'meta',
  name = 'main',
): string | undefined {
  const folder = join(path, kind)
  return ['.yml', '.yaml', ''].map((ending) => join(folder, `${name}${ending}`)).find(isFile(folder))
}

/** `vars` or `defaults` of a role. A file that was asked for by name must exist. */
export function roleVars(
  context: CompileContext,
  path: string,
  kind: 'vars' | 'defaults',
  name: string | undefined,
  location: Location,
): Vars {
  const vars: Vars = Object.create(null)
  const wanted = (name ?? 'main').replace(/\.(ya?ml|json)$/, '')
  const files = findVarsFiles(join(path, kind), wanted)
  if (files.length === 0 && name !== undefined) {
    context.error(
      'role-file-missing',
      `the role has no file ${kind}/${name}.yml`,
      location,
      `looked in ${path}`,
    )
  }
  for (const file of files) {
    const read = readVarsFile(file)
    if (read.ok) mergeVars(vars, read.value)
    else context.diagnostics.push(...read.error)
  }
  return vars
}

/** Exists, and lies inside the folder: `tasks_from: ../../x` leads nowhere. */
function isFile(folder: string): (file: string) => boolean {
  return (file) => !relative(folder, file).startsWith('..') && existsSync(file) && statSync(file).isFile()
}
