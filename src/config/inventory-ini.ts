import type { Location } from '../model/location.ts'
import { suggestion } from '../util/did-you-mean.ts'
import { err, ok, type Result } from '../util/result.ts'
import { type InventoryBuilder, setVar } from './inventory-builder.ts'
import { pythonLiteral } from './python-literal.ts'

type Section = { readonly group: string; readonly kind: 'hosts' | 'children' | 'vars' | 'broken' }

/**
 * Reads Ansible's INI inventory: `[group]`, `[group:children]`, `[group:vars]`, host lines with `key=value` words.
 * Source of the rules: ansible/plugins/inventory/ini.py.
 */
export function readIniInventory(text: string, file: string, builder: InventoryBuilder): void {
  const declared = new Set(['all', 'ungrouped'])
  const awaiting = new Map<string, Location>()
  let section: Section = { group: 'ungrouped', kind: 'hosts' }
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    const column = raw.length - raw.trimStart().length + 1
    const location = { file, line: index + 1, column, length: Math.max(1, line.length) }
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    if (line === '---' && index === 0) {
      const hint = 'name it with the ending .yml'
      builder.complain(
        'inventory-form',
        'this looks like a YAML inventory in a file that is read as INI',
        location,
        hint,
      )
      return
    }
    if (line.startsWith('[')) {
      section = readHeader(line, location, builder)
      if (section.kind === 'vars') {
        if (!declared.has(section.group)) awaiting.set(section.group, location)
      } else if (section.kind !== 'broken') {
        declared.add(section.group)
        builder.addGroup(section.group, location)
      }
    } else readLine(line, section, location, builder, declared)
  }
  for (const [group, location] of awaiting) {
    if (declared.has(group)) continue
    const message = `[${group}:vars] is for a group that is not declared`
    builder.complain('inventory-form', message, location, suggestion(group, declared))
  }
}

function readHeader(line: string, location: Location, builder: InventoryBuilder): Section {
  const match = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/.exec(line)
  const [, group = '', kind = 'hosts'] = match ?? []
  if (match && (kind === 'hosts' || kind === 'children' || kind === 'vars')) return { group, kind }
  const message = match
    ? `the section "${group}:${kind}" must end with :children or :vars`
    : 'a section must be [group], [group:children] or [group:vars]'
  builder.complain('inventory-form', message, location, suggestion(kind, ['children', 'vars']))
  return { group, kind: 'broken' }
}

function readLine(
  line: string,
  { group, kind }: Section,
  location: Location,
  builder: InventoryBuilder,
  declared: Set<string>,
): void {
  switch (kind) {
    case 'hosts':
      readHostLine(line, group, location, builder)
      break
    case 'children': {
      const child = line.replace(/\s*#.*$/, '')
      declared.add(child)
      builder.addGroup(child, location)
      builder.addChild(group, child, location)
      break
    }
    case 'vars': {
      const equals = line.indexOf('=')
      if (equals < 1) builder.complain('inventory-form', 'a variable must be written as name=value', location)
      else {
        const value = pythonLiteral(line.slice(equals + 1).trim())
        setVar(builder.addGroup(group).vars, line.slice(0, equals).trim(), value)
      }
      break
    }
    case 'broken':
      break
  }
}

function readHostLine(line: string, group: string, location: Location, builder: InventoryBuilder): void {
  const words = splitWords(line)
  if (!words.ok) {
    builder.complain('inventory-form', words.error, location)
    return
  }
  const [name, ...assignments] = words.value
  if (name === undefined) return
  if (name.endsWith(':')) {
    const hint = 'in INI a host has no colon at the end; for YAML name the file .yml'
    builder.complain('inventory-form', `"${name}" cannot be the name of a host`, location, hint)
    return
  }
  const hosts = builder.addHosts(name, group, location)
  for (const word of assignments) {
    const equals = word.indexOf('=')
    if (equals < 1) {
      builder.complain('inventory-form', `expected key=value after the host, not "${word}"`, location)
      continue
    }
    const value = pythonLiteral(word.slice(equals + 1))
    for (const host of hosts) setVar(host.vars, word.slice(0, equals), value)
  }
}

/** Words as Python's `shlex.split(line, comments=True)` gives them. */
export function splitWords(line: string): Result<string[], string> {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] ?? ''
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '#') break
    else if (char === "'" || char === '"') {
      const quoted = quotedPart(line, at)
      if (!quoted) return err('a quote is not closed')
      word = (word ?? '') + quoted.text
      at = quoted.end
    } else if (char === '\\') {
      at += 1
      word = (word ?? '') + (line[at] ?? '')
    } else word = (word ?? '') + char
  }
  if (word !== undefined) words.push(word)
  return ok(words)
}

function quotedPart(line: string, start: number): { text: string; end: number } | undefined {
  const quote = line[start] ?? ''
  let text = ''
  for (let at = start + 1; at < line.length; at += 1) {
    const char = line[at] ?? ''
    if (char === quote) return { text, end: at }
    if (quote === '"' && char === '\\' && /["\\]/.test(line[at + 1] ?? '')) {
      at += 1
      text += line[at] ?? ''
    } else text += char
  }
  return undefined
}
