import { TemplateError } from './template.ts'

/** A Python regular expression in JavaScript's dialect. Throws TemplateError for one that JavaScript refuses. */
export function pythonRegex(
  pattern: string,
  options: { ignoreCase?: boolean; multiline?: boolean; flags?: string } = {},
): RegExp {
  let flags = `${options.flags ?? ''}u`
  if (options.ignoreCase) flags += 'i'
  if (options.multiline) flags += 'm'
  let source = pattern
  const inline = /^\(\?([aiLmsux]+)\)/.exec(source)
  if (inline !== null) {
    source = source.slice(inline[0].length)
    for (const flag of inline[1] ?? '') if ('ims'.includes(flag) && !flags.includes(flag)) flags += flag
  }
  source = source
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/(?<!\\)((?:\\\\)*)\\A/g, '$1(?<![\\s\\S])')
    .replace(/(?<!\\)((?:\\\\)*)\\[Zz]/g, '$1(?![\\s\\S])')
  try {
    return new RegExp(source, flags)
  } catch {
    // The `u` flag refuses needless escapes such as `\-` or `\_`, which Python allows.
    try {
      return new RegExp(source, flags.replace('u', ''))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new TemplateError(`bad regular expression: ${why}`)
    }
  }
}

/** Python's replacement text (`\1`, `\g<name>`) for one match. */
export function expandReplacement(replacement: string, match: RegExpMatchArray): string {
  return replacement.replace(
    /\\(?:(\d{1,2})|g<(\w+)>|(.))/g,
    (whole: string, digits?: string, name?: string, other?: string) => {
      if (digits !== undefined) return match[Number(digits)] ?? ''
      if (name !== undefined) return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? ''
      if (other === 'n') return '\n'
      if (other === 't') return '\t'
      return other === '\\' ? '\\' : whole
    },
  )
}
