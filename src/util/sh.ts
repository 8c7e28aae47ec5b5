import type { Command, CommandPart } from '../model/command.ts'

/** Single quotes for POSIX `sh`; words that need no quotes stay bare so that logs stay readable. */
export function quote(text: string): string {
  if (text.includes('\0')) throw new Error('a shell word cannot contain a NUL byte')
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** A value that is quoted like any other and shown as `***`. */
export class Secret {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Interpolation = string | number | Secret | readonly string[] | Command

/**
 * Builds a Command: literal text is shell, interpolated values are quoted data (arrays become several words),
 * interpolated Commands are spliced in as they are.
 *
 *     sh`install -d -m ${mode} ${path}`
 */
export function sh(strings: TemplateStringsArray, ...values: readonly Interpolation[]): Command {
  const parts: CommandPart[] = []
  strings.forEach((text, index) => {
    if (text !== '') parts.push({ kind: 'shell', text })
    if (index < values.length) parts.push(...partsOf(values[index] as Interpolation))
  })
  return { parts }
}

function partsOf(value: Interpolation): CommandPart[] {
  if (value instanceof Secret) return [{ kind: 'quoted', text: value.text, secret: true }]
  if (typeof value === 'object' && 'parts' in value) return [...value.parts]
  if (typeof value === 'object') {
    return value.flatMap((word, index): CommandPart[] => [
      ...(index > 0 ? [{ kind: 'shell' as const, text: ' ' }] : []),
      { kind: 'quoted', text: word },
    ])
  }
  return [{ kind: 'quoted', text: String(value) }]
}

/** A script a person wrote (`shell:` of a playbook, a data file): passed to the shell as it is. */
export function script(text: string): Command {
  return { parts: [{ kind: 'shell', text }] }
}

/** Text for a POSIX shell. */
export function renderCommand(command: Command): string {
  return command.parts.map((part) => (part.kind === 'shell' ? part.text : quote(part.text))).join('')
}

/** Text for people: secrets are `***`. */
export function renderMasked(command: Command): string {
  const text = command.parts
    .map((part) => (part.kind === 'shell' ? part.text : part.secret ? '***' : quote(part.text)))
    .join('')
  return (command.masks ?? []).reduce(
    (shown, secret) => (secret ? shown.replaceAll(secret, '***') : shown),
    text,
  )
}
