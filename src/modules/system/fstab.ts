import { splitLines } from '../files/edited-lines.ts'

/** A line of fstab(5). */
export interface FstabEntry {
  readonly src: string
  readonly path: string
  readonly fstype: string
  readonly opts: string
  readonly dump: string
  readonly passno: string
}

type Removal = Pick<FstabEntry, 'path'> & { readonly src?: string | undefined }

/** Blanks and backslashes would part the fields; Ansible escapes the ampersand, too. */
const escaped = (text: string): string =>
  text.replace(/[\\ \t\n&]/g, (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, '0')}`)

function fieldsOf(line: string): string[] | null {
  const fields = line.trim().split(/\s+/)
  return line.trim() === '' || line.trim().startsWith('#') || fields.length < 4 || fields.length > 6
    ? null
    : fields
}

/** Swap has no path: there the source tells the lines apart. */
function isOf(line: string, entry: Removal): boolean {
  const fields = fieldsOf(line)
  if (fields === null || fields[1] !== escaped(entry.path)) return false
  const isSwap = fields[1] === 'none' && fields[2] === 'swap'
  return !isSwap || entry.src === undefined || fields[0] === escaped(entry.src)
}

/** The table with this entry; a line that says the same already stays as it is. */
export function withEntry(text: string, entry: FstabEntry): string {
  const wanted = [entry.src, entry.path, entry.fstype, entry.opts, entry.dump, entry.passno].map(escaped)
  const lines = splitLines(text)
  if (!lines.some((line) => isOf(line, entry))) {
    const end = text === '' || text.endsWith('\n') ? '' : '\n'
    return `${text}${end}${wanted.join(' ')}\n`
  }
  return lines
    .map((line) => {
      const found = fieldsOf(line)
      if (found === null || !isOf(line, entry)) return line
      const whole = [...found, '0', '0'].slice(0, 6)
      return whole.every((field, index) => field === wanted[index]) ? line : `${wanted.join(' ')}\n`
    })
    .join('')
}

export function withoutEntry(text: string, entry: Removal): string {
  return splitLines(text)
    .filter((line) => !isOf(line, entry))
    .join('')
}
