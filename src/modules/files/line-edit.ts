import { expandReplacement, pythonRegex } from '../../template/python-regex.ts'
import { moduleFailure } from '../failure.ts'
import { type ByteText, endLast, parameterBytes, splitLines, withoutEnd } from './edited-lines.ts'

export interface LineEdit {
  readonly line?: string | undefined
  readonly regexp?: string | undefined
  readonly search_string?: string | undefined
  readonly insertafter?: string | undefined
  readonly insertbefore?: string | undefined
  readonly backrefs: boolean
  readonly firstmatch: boolean
}

export interface Edited {
  readonly text: ByteText
  /** Ansible's message: `line added`, `line replaced`, `2 line(s) removed`; empty when nothing changed. */
  readonly message: string
  readonly found?: number
}

/** A regular expression of a task, over bytes as Ansible's are. */
export function compiled(pattern: string): RegExp {
  try {
    return pythonRegex(parameterBytes(pattern))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw moduleFailure('invalid-regexp', `${pattern}: ${why}`)
  }
}

/** `state: present`: replaces the line that matches, or inserts it. The rules are Ansible's, case for case. */
export function ensureLine(text: ByteText, edit: LineEdit): Edited {
  const lines = splitLines(text)
  const line = parameterBytes(edit.line ?? '')
  const { at, match } = findMatch(lines, edit)
  if (at >= 0) return replaceLine(lines, at, match === null ? line : parameterBytesOf(edit, match))
  const place = findPlace(lines, line, edit)
  if (place.exact !== undefined) return replaceLine(lines, place.exact, line)
  if (edit.backrefs) return { text, message: '' }
  if (edit.insertbefore === 'BOF' || edit.insertafter === 'BOF') return insertLine(lines, 0, line)
  if (place.at < 0) return insertLine(lines, lines.length, line)
  // What is asked for may already be where it belongs.
  const neighbour = edit.insertafter !== undefined ? lines[place.at] : undefined
  if (neighbour !== undefined && withoutEnd(neighbour) === line) return { text, message: '' }
  return insertLine(lines, place.at, line)
}

/** The last line (or the first) that regexp or search_string finds. */
function findMatch(
  lines: readonly ByteText[],
  edit: LineEdit,
): { at: number; match: RegExpMatchArray | null } {
  const regexp = edit.regexp === undefined ? null : compiled(edit.regexp)
  const search = edit.search_string === undefined ? null : parameterBytes(edit.search_string)
  let found: { at: number; match: RegExpMatchArray | null } = { at: -1, match: null }
  for (const [at, current] of lines.entries()) {
    const match = regexp === null ? null : regexp.exec(withoutEnd(current))
    if (match === null && !(search !== null && current.includes(search))) continue
    found = { at, match: edit.backrefs ? match : null }
    if (edit.firstmatch) break
  }
  return found
}

function parameterBytesOf(edit: LineEdit, match: RegExpMatchArray): ByteText {
  return expandReplacement(parameterBytes(edit.line ?? ''), match)
}

/** A line that is exactly the wanted one, and the index where insertafter or insertbefore put a new one. */
function findPlace(
  lines: readonly ByteText[],
  line: ByteText,
  edit: LineEdit,
): { exact?: number; at: number } {
  const { insertafter, insertbefore } = edit
  const pattern =
    insertafter !== undefined && !['BOF', 'EOF'].includes(insertafter)
      ? compiled(insertafter)
      : insertbefore !== undefined && insertbefore !== 'BOF'
        ? compiled(insertbefore)
        : null
  let at = -1
  let exact: number | undefined
  for (const [index, current] of lines.entries()) {
    if (withoutEnd(current) === line) exact = index
    else if (pattern?.test(withoutEnd(current))) {
      at = insertafter === undefined ? index : index + 1
      if (edit.firstmatch) break
    }
  }
  return exact === undefined ? { at } : { exact, at }
}

function replaceLine(lines: ByteText[], at: number, line: ByteText): Edited {
  const next = line.endsWith('\n') ? line : `${line}\n`
  const text = lines.join('')
  if (lines[at] === next) return { text, message: '' }
  lines[at] = next
  return { text: lines.join(''), message: 'line replaced' }
}

function insertLine(lines: ByteText[], at: number, line: ByteText): Edited {
  if (at === lines.length) endLast(lines)
  lines.splice(at, 0, `${line}\n`)
  return { text: lines.join(''), message: 'line added' }
}

/** `state: absent`: drops every line that matches. */
export function removeLines(text: ByteText, edit: LineEdit): Edited {
  const regexp = edit.regexp === undefined ? null : compiled(edit.regexp)
  const search = edit.search_string === undefined ? null : parameterBytes(edit.search_string)
  const line = parameterBytes(edit.line ?? '')
  const lines = splitLines(text)
  const kept = lines.filter((current) => {
    if (regexp !== null) return !regexp.test(withoutEnd(current))
    if (search !== null) return !current.includes(search)
    return withoutEnd(current) !== line
  })
  const found = lines.length - kept.length
  return { text: kept.join(''), message: found === 0 ? '' : `${found} line(s) removed`, found }
}
