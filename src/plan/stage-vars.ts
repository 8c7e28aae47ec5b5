import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { mergeVars } from '../config/inventory-builder.ts'
import { readVarsFile } from '../config/vars-files.ts'
import type { Vars } from '../model/value.ts'
import { hasTemplate } from '../template/template.ts'
import type { CompileContext, Source } from './compile-context.ts'

type VarsFiles = string | (string | string[])[] | null | undefined

/** A stage's variables: its own, then `vars_files` in order; an entry that is a list means its first file. */
export function stageVars(
  context: CompileContext,
  own: Vars | null | undefined,
  files: VarsFiles,
  folders: readonly string[],
  source: Source,
): Vars {
  const vars = mergeVars(Object.create(null) as Vars, own ?? {})
  const list = typeof files === 'string' ? [files] : (files ?? [])
  for (const [index, entry] of list.entries()) {
    const path = typeof files === 'string' ? source.path : [...source.path, index]
    const location = source.document.locate(path)
    const names = typeof entry === 'string' ? [entry] : entry
    if (names.some(hasTemplate)) {
      const hint = 'use host_vars, group_vars or -e @file'
      context.error('unsupported-keyword', '"vars_files" cannot have a template', location, hint)
      continue
    }
    const found = names
      .flatMap((name) => folders.map((folder) => resolve(folder, name)))
      .find((file) => existsSync(file))
    if (found === undefined) {
      const hint = `looked in ${folders.join(', ')}`
      context.error('vars-file-missing', `there is no file ${names.join(' or ')}`, location, hint)
      continue
    }
    const read = readVarsFile(found)
    if (read.ok) mergeVars(vars, read.value)
    else context.diagnostics.push(...read.error)
  }
  return vars
}
