import { splitLines } from '../files/edited-lines.ts'

export interface SourceFile {
  readonly path: string
  /** Bytes, one character each. */
  readonly text: string
}

/** A line of sources.list(5): what it says without surplus blanks, and whether it is a source and no comment. */
export function parseSource(line: string): { source: string; isSource: boolean; isEnabled: boolean } {
  const trimmed = line.trim()
  const isEnabled = !trimmed.startsWith('#')
  const text = isEnabled ? trimmed : trimmed.slice(1)
  const remark = text.indexOf('#', 1)
  const words = (remark === -1 ? text : text.slice(0, remark)).split(/\s+/).filter((word) => word !== '')
  return { source: words.join(' '), isSource: words[0] === 'deb' || words[0] === 'deb-src', isEnabled }
}

function has(line: string, source: string): boolean {
  const parsed = parseSource(line)
  return parsed.isSource && parsed.source === source
}

/** Every line of the source counts; when there is none, `target` gets one. */
export function withSource(files: readonly SourceFile[], source: string, target: string): SourceFile[] {
  if (files.some(({ text }) => splitLines(text).some((line) => has(line, source)))) {
    return files.map(({ path, text }) => ({
      path,
      text: splitLines(text)
        .map((line) =>
          has(line, source) && !parseSource(line).isEnabled ? line.replace(/^\s*#\s*/, '') : line,
        )
        .join(''),
    }))
  }
  const old = files.find(({ path }) => path === target)
  if (old === undefined) return [...files, { path: target, text: `${source}\n` }]
  const end = old.text === '' || old.text.endsWith('\n') ? '' : '\n'
  return files.map((file) => (file === old ? { ...file, text: `${file.text}${end}${source}\n` } : file))
}

/** Lines that count go; so does a file that had nothing else. */
export function withoutSource(files: readonly SourceFile[], source: string): SourceFile[] {
  return files.flatMap(({ path, text }) => {
    const kept = splitLines(text).filter((line) => !(has(line, source) && parseSource(line).isEnabled))
    return kept.length === 0 && text !== '' ? [] : [{ path, text: kept.join('') }]
  })
}

/** As Ansible calls the file: the address without protocol, user and punctuation. */
export function suggestedName(source: string): string {
  const [, address = ''] = source.replace(/\[[^\]]+\]/g, '').split(/\s+/)
  const bare = address.replace(/\w+:\/\//g, '')
  return (bare.includes('@') ? bare.slice(bare.indexOf('@') + 1) : bare)
    .split(/[^a-zA-Z0-9]+/)
    .filter((word) => word !== '')
    .join('_')
}
