import { isDeepStrictEqual } from 'node:util'
import { splitLines } from '../files/edited-lines.ts'

/** A line of authorized_keys. Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT. */
export interface AuthorizedKey {
  /** In their order, values with their quotation marks; null for those that have none. */
  readonly options: readonly (readonly [name: string, value: string | null])[]
  readonly type: string
  readonly key: string
  readonly comment: string
}

const types =
  /^(?:(?:sk-|webauthn-sk-)?ecdsa-sha2-nistp(?:256|384|521)(?:-cert-v01)?(?:@openssh\.com)?|(?:sk-)?ssh-ed25519(?:-cert-v01)?(?:@openssh\.com)?|ssh-(?:dss|rsa|xmss)(?:-cert-v01)?(?:@openssh\.com)?|rsa-sha2-(?:256|512)(?:-cert-v01@openssh\.com)?)$/

/** Null for what is no key: a comment, an empty line, something else. */
export function parseKey(line: string): AuthorizedKey | null {
  if (line.trim().startsWith('#')) return null
  // Blanks within quotation marks do not part words: an option may hold a command.
  const words = [...line.matchAll(/(?:"(?:\\.|[^"\\])*"|[^\s"]|")+/g)]
  const at = words.findIndex(([word]) => types.test(word))
  const type = words[at]?.[0]
  const key = words[at + 1]?.[0]
  if (type === undefined || key === undefined) return null
  const options = at === 0 ? '' : line.slice(0, words[at]?.index).trim()
  const comment = words
    .slice(at + 2)
    .map(([word]) => word)
    .join(' ')
  return { options: parseOptions(options), type, key, comment }
}

/** `no-pty,command="a,b"`, at commas that are in no quotation marks. */
export function parseOptions(text: string): AuthorizedKey['options'] {
  const parts = text.match(/(?:[^,"']|"(?:\\.|[^"\\])*"|'[^']*'|["'])+/g) ?? []
  return parts.map((part) => {
    const at = part.indexOf('=')
    return at === -1 ? [part, null] : [part.slice(0, at), part.slice(at + 1)]
  })
}

export function keyLine({ options, type, key, comment }: AuthorizedKey): string {
  const words = options.map(([name, value]) => (value === null ? name : `${name}=${value}`)).join(',')
  return `${words === '' ? '' : `${words} `}${type} ${key}${comment === '' ? '' : ` ${comment}`}\n`
}

/** The file with these keys, each once, in place of what it has of them; `exclusive` leaves nothing else. */
export function withKeys(text: string, wanted: readonly AuthorizedKey[], exclusive: boolean): string {
  const lines = splitLines(text)
  const had = lines.map(parseKey)
  const kept = lines.filter((_line, index) => {
    const key = had[index]
    if (key == null) return !exclusive
    const same = wanted.find((found) => found.key === key.key)
    return same === undefined ? !exclusive : isSame(same, key)
  })
  const there = new Set(kept.flatMap((line) => parseKey(line)?.key ?? []))
  const added = wanted.filter(
    ({ key }, index) => !there.has(key) && wanted.findIndex((other) => other.key === key) === index,
  )
  return joined([...kept, ...added.map(keyLine)])
}

/** The order of options does not count. */
function isSame(a: AuthorizedKey, b: AuthorizedKey): boolean {
  const sorted = (key: AuthorizedKey) => ({ ...key, options: key.options.map(String).sort() })
  return isDeepStrictEqual(sorted(a), sorted(b))
}

/** The file without these keys, whatever options they have. */
export function withoutKeys(text: string, unwanted: readonly AuthorizedKey[]): string {
  const keys = new Set(unwanted.map(({ key }) => key))
  return splitLines(text)
    .filter((line) => !keys.has(parseKey(line)?.key ?? ''))
    .join('')
}

/** A last line without an end would run into the next one. */
function joined(lines: readonly string[]): string {
  return lines
    .map((line, index) => (index < lines.length - 1 && !line.endsWith('\n') ? `${line}\n` : line))
    .join('')
}
