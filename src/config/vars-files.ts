import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import type { Vars } from '../model/value.ts'
import { err, ok, type Result } from '../util/result.ts'
import { systemErrorText } from '../util/system-error.ts'
import { describe } from './describe.ts'
import type { Diagnostic } from './diagnostic.ts'
import { isMap } from './schema/common.ts'
import { parseYaml, type YamlDocument } from './yaml.ts'

const extensions = ['', '.yml', '.yaml', '.json']

/** Reads and parses a file; a file that cannot be read is a diagnostic too. */
export function readYamlFile(file: string): Result<YamlDocument, Diagnostic[]> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return err([notReadable(file, error)])
  }
  return parseYaml(text, file)
}

/** The whole file is meant, so there is no line to show. */
function notReadable(file: string, error: unknown): Diagnostic {
  const message = systemErrorText(error) ?? `cannot read ${file}: ${String(error)}`
  return {
    severity: 'error',
    code: 'file-not-readable',
    // `read` of an open folder does not say which.
    message: /EISDIR/.test(String(error)) ? `cannot read ${file}: it is a folder` : message,
  }
}

/** Reads a file of variables; an empty file has none. */
export function readVarsFile(file: string): Result<Vars, Diagnostic[]> {
  const document = readYamlFile(file)
  if (!document.ok) return document
  const { value } = document.value
  if (value === null) return ok(Object.create(null) as Vars)
  if (isMap(value)) return ok(value)
  const message = `a file of variables must be a map, not ${describe(value)}`
  return err([{ severity: 'error', code: 'wrong-type', message, location: document.value.locate([]) }])
}

/**
 * Files of variables by Ansible's rule: `name`, `name.yml`, `name.yaml`, `name.json`, the first that exists; a folder
 * stands for the files in it, sorted, hidden ones and backups left out.
 */
export function findVarsFiles(folder: string, name: string): string[] {
  for (const extension of extensions) {
    const path = join(folder, `${name}${extension}`)
    if (!existsSync(path)) continue
    if (!statSync(path).isDirectory()) return [path]
    if (extension === '') return filesIn(path)
  }
  return []
}

function filesIn(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .filter((entry) => !entry.startsWith('.') && !entry.endsWith('~'))
    .flatMap((entry) => {
      const path = join(folder, entry)
      if (statSync(path).isDirectory()) return extname(entry) === '' ? filesIn(path) : []
      return extensions.includes(extname(entry)) ? [path] : []
    })
}

/** Names that a `group_vars` or `host_vars` folder has variables for. */
export function namesWithVars(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return []
  const names = readdirSync(folder)
    .filter((entry) => !entry.startsWith('.') && !entry.endsWith('~'))
    .map((entry) =>
      ['.yml', '.yaml', '.json'].includes(extname(entry)) ? basename(entry, extname(entry)) : entry,
    )
  return [...new Set(names)].sort()
}

/** The first file that exists of those that an entry of `vars_files` names, in a folder's `vars/` before the folder itself, as in Ansible. */
export function findVarsFile(names: readonly string[], folders: readonly string[]): string | undefined {
  return names
    .flatMap((name) =>
      folders.flatMap((folder) =>
        name.startsWith('vars/')
          ? [resolve(folder, name)]
          : [resolve(folder, 'vars', name), resolve(folder, name)],
      ),
    )
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
}
