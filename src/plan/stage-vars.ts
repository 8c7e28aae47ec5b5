import { mergeVars } from '../config/inventory-builder.ts'
import { findVarsFile, readVarsFile } from '../config/vars-files.ts'
import type { VarsFile } from '../model/plan.ts'
import type { Vars } from '../model/value.ts'
import { hasTemplate } from '../template/template.ts'
import type { CompileContext, Source } from './compile-context.ts'

type VarsFiles = string | (string | string[])[] | null | undefined

/** A stage's variables: its own, then `vars_files` in order; an entry that is a list means its first file that exists. */
export function stageVars(
  context: CompileContext,
  own: Vars | null | undefined,
  files: VarsFiles,
  folders: readonly string[],
  source: Source,
): { readonly vars: Vars; readonly varsFiles?: readonly VarsFile[] } {
  const vars = mergeVars(Object.create(null) as Vars, own ?? {})
  const later: VarsFile[] = []
  const list = typeof files === 'string' ? [files] : (files ?? [])
  for (const [index, entry] of list.entries()) {
    const path = typeof files === 'string' ? source.path : [...source.path, index]
    const location = source.document.locate(path)
    const names = typeof entry === 'string' ? [entry] : entry
    const isChosen = names.some(hasTemplate)
    // The order decides, so what stands behind a file that is not known yet waits for it.
    if (isChosen || later.length > 0) later.push({ names, folders, location })
    if (isChosen) continue
    const found = findVarsFile(names, folders)
    if (found === undefined) {
      const hint = `looked in ${folders.join(', ')}`
      context.error('vars-file-missing', `there is no file ${names.join(' or ')}`, location, hint)
      continue
    }
    const read = readVarsFile(found)
    if (!read.ok) context.diagnostics.push(...read.error)
    else if (later.length === 0) mergeVars(vars, read.value)
  }
  return later.length === 0 ? { vars } : { vars, varsFiles: later }
}
