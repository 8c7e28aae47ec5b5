import { readdirSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { findVarsFile, readVarsFile } from '../config/vars-files.ts'
import { FailureError } from '../model/failure.ts'
import type { Vars } from '../model/value.ts'
import { moduleFailure } from './failure.ts'

/** Which files of a folder are read. */
export interface FolderRules {
  /** How many levels of folders; 0 for all. */
  readonly depth: number
  /** Regular expression that a file's name must match somewhere. */
  readonly files_matching?: string | undefined
  /** Regular expressions of names to leave out. */
  readonly ignore_files: readonly string[]
  /** Without the dot. */
  readonly extensions: readonly string[]
  readonly ignore_unknown_extensions: boolean
}

/** Variables of one file. A mistake in it is a failure with its place. */
export function varsOfFile(file: string): Vars {
  const read = readVarsFile(file)
  if (read.ok) return read.value
  const [first] = read.error
  if (first === undefined) throw moduleFailure('file-not-readable', `${file} cannot be read`)
  const { message, code, hint, location } = first
  throw new FailureError({
    reason: 'config',
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(location === undefined ? {} : { location }),
  })
}

/** Variables of the first file that exists; undefined when none does. Hosts ask for the same files again and again. */
export function chosenVarsFile(names: readonly string[], folders: readonly string[]): Vars | undefined {
  const file = findVarsFile(names, folders)
  if (file === undefined) return undefined
  const { mtimeMs, size } = statSync(file)
  const known = read.get(file)
  if (known?.mtimeMs === mtimeMs && known.size === size) return known.vars
  const vars = varsOfFile(file)
  read.set(file, { mtimeMs, size, vars })
  return vars
}

const read = new Map<string, { readonly mtimeMs: number; readonly size: number; readonly vars: Vars }>()

/** Files below a folder in the order of their names, a folder's own files before those of its folders. */
export function varsFilesIn(folder: string, rules: FolderRules, level = 1): string[] {
  const entries = readdirSync(folder).sort()
  const isFolder = (entry: string): boolean => statSync(join(folder, entry)).isDirectory()
  const files = entries
    .filter((entry) => !isFolder(entry) && isWanted(entry, rules))
    .map((entry) => join(folder, entry))
  for (const file of files) {
    if (rules.extensions.includes(extname(file).slice(1))) continue
    const wanted = rules.extensions.map((extension) => `.${extension}`).join(', ')
    throw moduleFailure(
      'vars-file-extension',
      `include_vars: ${file} does not end in ${wanted}`,
      'set ignore_unknown_extensions, or name the file in ignore_files',
    )
  }
  if (rules.depth !== 0 && level >= rules.depth) return files
  return [
    ...files,
    ...entries.filter(isFolder).flatMap((entry) => varsFilesIn(join(folder, entry), rules, level + 1)),
  ]
}

function isWanted(name: string, rules: FolderRules): boolean {
  const matches = (pattern: string): boolean => regex(pattern).test(name)
  if (rules.files_matching !== undefined && !matches(rules.files_matching)) return false
  if (rules.ignore_files.some(matches)) return false
  return !rules.ignore_unknown_extensions || rules.extensions.includes(extname(name).slice(1))
}

function regex(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw moduleFailure('invalid-parameter', `include_vars: ${why}`)
  }
}
