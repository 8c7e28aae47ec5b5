import type { Diff } from '../model/result.ts'
import type { Paint } from './style.ts'

const CONTEXT = 3
/** Above this many lines on a side a line-by-line comparison says nothing to a reader. */
const MAX_LINES = 2000

/** A unified diff, as `diff -u` prints it, behind two spaces. */
export function diffText(diff: Diff, paint: Paint): string {
  const before = linesOf(diff.before)
  const after = linesOf(diff.after)
  const head = [`--- ${diff.beforeLabel ?? 'before'}`, `+++ ${diff.afterLabel ?? 'after'}`]
  if (before.length > MAX_LINES || after.length > MAX_LINES) {
    return [...head, `(${before.length} lines before, ${after.length} after)`]
      .map((line) => `  ${line}`)
      .join('\n')
  }
  return [...head, ...hunks(compare(before, after))].map((line) => `  ${paintLine(line, paint)}`).join('\n')
}

function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

type Edit = { readonly sign: ' ' | '-' | '+'; readonly text: string }

/** Longest common subsequence by dynamic programming, after the equal head and tail are set aside. */
function compare(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1
  let tail = 0
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail += 1
  }
  const same = (lines: readonly string[]): Edit[] => lines.map((text) => ({ sign: ' ', text }))
  return [
    ...same(before.slice(0, head)),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail)),
  ]
}

function middle(a: readonly string[], b: readonly string[]): Edit[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = lengths[i]
    for (let j = b.length - 1; row && j >= 0; j -= 1) {
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const edits: Edit[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      edits.push({ sign: ' ', text: a[i] ?? '' })
      i += 1
      j += 1
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) {
      edits.push({ sign: '-', text: a[i] ?? '' })
      i += 1
    } else {
      edits.push({ sign: '+', text: b[j] ?? '' })
      j += 1
    }
  }
  return edits
}

function hunks(edits: readonly Edit[]): string[] {
  const keep = edits.map((_, index) =>
    edits.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((edit) => edit.sign !== ' '),
  )
  const lines: string[] = []
  let before = 1
  let after = 1
  edits.forEach((edit, index) => {
    if (keep[index]) {
      if (!keep[index - 1]) lines.push(`@@ -${before} +${after} @@`)
      lines.push(`${edit.sign}${edit.text}`)
    }
    if (edit.sign !== '+') before += 1
    if (edit.sign !== '-') after += 1
  })
  return lines
}

function paintLine(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint('green', line)
  if (line.startsWith('-')) return paint('red', line)
  return line.startsWith('@@') ? paint('cyan', line) : line
}
