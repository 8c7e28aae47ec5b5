import { type ByteText, endLast, parameterBytes, splitLines, withoutEnd } from './edited-lines.ts'
import { compiled, type Edited } from './line-edit.ts'

export interface BlockEdit {
  readonly block: string
  readonly state: 'present' | 'absent'
  readonly marker: string
  readonly marker_begin: string
  readonly marker_end: string
  readonly insertafter?: string | undefined
  readonly insertbefore?: string | undefined
  readonly append_newline: boolean
  readonly prepend_newline: boolean
}

/** Puts the block between its markers, moves nothing else. The rules are Ansible's. */
export function ensureBlock(text: ByteText, edit: BlockEdit): Edited {
  const lines = splitLines(text)
  const begin = parameterBytes(edit.marker.replace('{mark}', edit.marker_begin))
  const end = parameterBytes(edit.marker.replace('{mark}', edit.marker_end))
  const block = edit.state === 'absent' || edit.block === '' ? [] : blockLines(edit.block, begin, end)
  // The last begin and the last end count; Ansible looks no closer.
  const from = lines.findLastIndex((line) => withoutEnd(line) === begin)
  const to = lines.findLastIndex((line) => withoutEnd(line) === end)
  const at = from < 0 || to < 0 ? insertionPoint(lines, edit) : removeOld(lines, from, to)
  if (block.length > 0) {
    if (at === lines.length) endLast(lines)
    const isEmpty = (line: ByteText | undefined): boolean => line === undefined || withoutEnd(line) === ''
    if (edit.append_newline && !isEmpty(lines[at])) block.push('\n')
    if (edit.prepend_newline && at > 0 && !isEmpty(lines[at - 1])) block.unshift('\n')
    lines.splice(at, 0, ...block)
  }
  const after = lines.join('')
  if (after === text) return { text, message: '' }
  return { text: after, message: block.length === 0 ? 'Block removed' : 'Block inserted' }
}

function blockLines(block: string, begin: ByteText, end: ByteText): ByteText[] {
  const body = parameterBytes(block).replace(/\n$/, '')
  return [`${begin}\n`, ...body.split('\n').map((line) => `${line}\n`), `${end}\n`]
}

/** Takes the old block away and says where it began. Markers may stand the wrong way round. */
function removeOld(lines: ByteText[], from: number, to: number): number {
  const first = Math.min(from, to)
  lines.splice(first, Math.abs(to - from) + 1)
  return first
}

function insertionPoint(lines: readonly ByteText[], edit: BlockEdit): number {
  const { insertafter, insertbefore } = edit
  if (insertbefore === 'BOF' || insertafter === 'BOF') return 0
  if (insertbefore !== undefined) {
    const found = lastMatch(lines, insertbefore)
    return found < 0 ? lines.length : found
  }
  if (insertafter === undefined || insertafter === 'EOF') return lines.length
  const found = lastMatch(lines, insertafter)
  return found < 0 ? lines.length : found + 1
}

function lastMatch(lines: readonly ByteText[], pattern: string): number {
  const regexp = compiled(pattern)
  return lines.findLastIndex((line) => regexp.test(withoutEnd(line)))
}
