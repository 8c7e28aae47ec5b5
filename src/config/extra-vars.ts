import { resolve } from 'node:path'
import type { Vars } from '../model/value.ts'
import { err, ok, type Result } from '../util/result.ts'
import { describe } from './describe.ts'
import type { Diagnostic } from './diagnostic.ts'
import { emptyVars, mergeVars } from './inventory-builder.ts'
import { splitWords } from './inventory-ini.ts'
import { isMap } from './schema/common.ts'
import { readVarsFile } from './vars-files.ts'
import { parseYaml } from './yaml.ts'

/**
 * Variables of `-e`, later ones replace earlier ones: `name=value other=value` (values are text, as in Ansible), a JSON
 * or YAML map in braces, or `@file`.
 */
export function parseExtraVars(texts: readonly string[], cwd: string): Result<Vars, Diagnostic[]> {
  const vars = emptyVars()
  const diagnostics: Diagnostic[] = []
  for (const text of texts) {
    const read = readOne(text.trim(), cwd)
    if (read.ok) mergeVars(vars, read.value)
    else diagnostics.push(...read.error)
  }
  return diagnostics.length > 0 ? err(diagnostics) : ok(vars)
}

function readOne(text: string, cwd: string): Result<Vars, Diagnostic[]> {
  if (text.startsWith('@')) return readVarsFile(resolve(cwd, text.slice(1)))
  return text.startsWith('{') ? readMap(text) : readAssignments(text)
}

function readMap(text: string): Result<Vars, Diagnostic[]> {
  const document = parseYaml(text, '-e')
  if (!document.ok)
    return err(
      document.error.map(({ location: _, ...rest }) => ({ ...rest, message: `-e: ${rest.message}` })),
    )
  const { value } = document.value
  return isMap(value) ? ok(value) : wrong(`-e must be a map of variables, not ${describe(value)}`)
}

function readAssignments(text: string): Result<Vars, Diagnostic[]> {
  const words = splitWords(text)
  if (!words.ok) return wrong(`-e ${text}: ${words.error}`)
  const vars = emptyVars()
  for (const word of words.value) {
    const equals = word.indexOf('=')
    if (equals < 1)
      return wrong(`-e ${text}: "${word}" is not written as name=value`, 'for a file write -e @file')
    vars[word.slice(0, equals)] = word.slice(equals + 1)
  }
  return ok(vars)
}

function wrong(message: string, hint?: string): Result<Vars, Diagnostic[]> {
  return err([{ severity: 'error', code: 'extra-vars', message, ...(hint === undefined ? {} : { hint }) }])
}
