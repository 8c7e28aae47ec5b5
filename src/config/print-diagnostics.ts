import { readFileSync } from 'node:fs'
import { isAbsolute, relative } from 'node:path'
import { styleText } from 'node:util'
import type { Location } from '../model/location.ts'
import { counted } from '../util/words.ts'
import type { Diagnostic } from './diagnostic.ts'

export interface PrintOptions {
  readonly color: boolean
  /** Files below it are shown relative to it. */
  readonly cwd?: string
}

/** Width to which a long source line is cut, around the place that is meant. */
const maxSourceWidth = 100

/**
 * Text for people: `file:line:column: error: message`, the line with a squiggle below the place, and the hint. Ends
 * with the number of errors and warnings, and with a newline. The same mistake at the same place is shown once.
 */
export function printDiagnostics(diagnostics: readonly Diagnostic[], options: PrintOptions): string {
  if (diagnostics.length === 0) return ''
  const paint = painter(options.color)
  const sources = new Map<string, readonly string[]>()
  const blocks = unique(sortByPlace(diagnostics)).map((diagnostic) => {
    const { severity, location, hint } = diagnostic
    const place = location ? `${placeOf(location, options.cwd)}: ` : ''
    const label = paint(severity === 'error' ? 'red' : 'yellow', `${severity}:`)
    const lines = [`${paint('bold', place)}${label} ${printable(diagnostic.message)}`]
    if (location) lines.push(...excerpt(location, sources, paint))
    if (hint !== undefined) lines.push(`  ${paint('cyan', 'hint:')} ${printable(hint)}`)
    return lines.join('\n')
  })
  return `${blocks.join('\n\n')}\n\n${countOf(unique(diagnostics))}\n`
}

type Paint = (style: 'red' | 'yellow' | 'cyan' | 'bold' | 'dim', text: string) => string

function painter(color: boolean): Paint {
  return (style, text) => (color && text !== '' ? styleText(style, text, { validateStream: false }) : text)
}

/** `file:line:column`, the form that editors and terminals make clickable. */
export function placeOf(location: Location, cwd?: string): string {
  return `${shortPath(location.file, cwd)}:${location.line}:${location.column}`
}

/** Relative when it lies below `cwd`, else as it is. */
export function shortPath(file: string, cwd?: string): string {
  if (cwd === undefined || !isAbsolute(file)) return file
  const path = relative(cwd, file)
  return path === '' || path.startsWith('..') ? file : path
}

function excerpt(location: Location, sources: Map<string, readonly string[]>, paint: Paint): string[] {
  const line = sourceLines(location.file, sources)[location.line - 1]
  if (line === undefined) return []
  const start = Math.max(0, Math.min(location.column - 1 - 20, line.length - maxSourceWidth))
  const isLong = line.length > maxSourceWidth
  const shown = printable(isLong ? line.slice(start, start + maxSourceWidth) : line)
  const column = location.column - (isLong ? start : 0)
  const number = String(location.line)
  const width = Math.max(1, Math.min(location.length ?? 1, shown.length - column + 1))
  const gutter = ' '.repeat(number.length)
  return [
    `  ${paint('dim', `${number} |`)} ${shown}`,
    `  ${paint('dim', `${gutter} |`)} ${' '.repeat(column - 1)}${paint('red', '~'.repeat(width))}`,
  ]
}

function sourceLines(file: string, sources: Map<string, readonly string[]>): readonly string[] {
  let lines = sources.get(file)
  if (!lines) {
    lines = readText(file)
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
    sources.set(file, lines)
  }
  return lines
}

/** A location may name what is no file (`-e`), or one that is gone: then there is no line to show. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Files are data: no control character of theirs reaches the terminal, nor one that turns text round, and a tab keeps one column. */
function printable(text: string): string {
  return text.replace(/\t/g, ' ').replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '·')
}

function sortByPlace(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = [...new Set(diagnostics.map((diagnostic) => diagnostic.location?.file ?? ''))]
  const key = ({ location }: Diagnostic): [number, number, number] => [
    files.indexOf(location?.file ?? ''),
    location?.line ?? 0,
    location?.column ?? 0,
  ]
  return [...diagnostics].sort((a, b) => {
    const [left, right] = [key(a), key(b)]
    return left[0] - right[0] || left[1] - right[1] || left[2] - right[2]
  })
}

function unique(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>()
  return diagnostics.filter(({ location, message }) => {
    const key = `${location?.file}:${location?.line}:${location?.column}:${message}`
    return seen.has(key) ? false : seen.add(key)
  })
}

function countOf(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length
  const warnings = diagnostics.length - errors
  const parts = [
    ...(errors === 0 ? [] : [counted(errors, 'error')]),
    ...(warnings === 0 ? [] : [counted(warnings, 'warning')]),
  ]
  return parts.join(', ')
}
