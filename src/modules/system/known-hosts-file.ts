import { createHmac, randomBytes } from 'node:crypto'
import { splitLines } from '../files/edited-lines.ts'

/** A line of known_hosts. Source: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
interface KnownHost {
  /** `@cert-authority` or `@revoked`; empty for most. */
  readonly marker: string
  /** Names with commas, or one that is hashed. */
  readonly hosts: string
  readonly type: string
  readonly key: string
}

export function parseKnownHost(line: string): KnownHost | null {
  const words = line.trim().split(/\s+/)
  if (words[0] === '' || words[0]?.startsWith('#')) return null
  const marker = words[0]?.startsWith('@') ? (words.shift() ?? '') : ''
  const [hosts, type, key] = words
  return hosts === undefined || type === undefined || key === undefined ? null : { marker, hosts, type, key }
}

/** Whether the line is of this host: by name, by pattern, or hashed. */
export function isOf(known: KnownHost, name: string): boolean {
  const hashed = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(known.hosts)
  if (hashed) return hashOf(name, Buffer.from(hashed[1] ?? '', 'base64')) === hashed[2]
  const patterns = known.hosts.toLowerCase().split(',')
  const matches = (pattern: string): boolean => wildcards(pattern).test(name)
  return (
    patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern)) &&
    !patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))
  )
}

/** Only `*` and `?` are patterns: `[host]:2222` is a name. */
function wildcards(pattern: string): RegExp {
  const source = pattern.replace(/[^\w]/g, (sign) => (sign === '*' ? '.*' : sign === '?' ? '.' : `\\${sign}`))
  return new RegExp(`^${source}$`, 's')
}

const hashOf = (name: string, salt: Buffer): string => createHmac('sha1', salt).update(name).digest('base64')

/** The same line with the name as a hash that nobody can read it from. */
export function hashedLine(line: string, name: string): string {
  const salt = randomBytes(20)
  const words = line.trim().split(/\s+/)
  words[words[0]?.startsWith('@') ? 1 : 0] = `|1|${salt.toString('base64')}|${hashOf(name, salt)}`
  return words.join(' ')
}

/** The file with this line in place of the host's key of the same type, at its end as in Ansible; unchanged when it has it. */
export function withKnownHost(text: string, line: string, name: string): string {
  const wanted = parseKnownHost(line)
  if (wanted === null) return text
  const lines = splitLines(text)
  const found = sameType(lines, wanted, name)
  if (found === 'same') return text
  const kept = lines.filter((_, index) => index !== found)
  const end = kept.length === 0 || kept.at(-1)?.endsWith('\n') ? '' : '\n'
  return `${kept.join('')}${end}${line.trim()}\n`
}

/** The index of the host's first line with a key of that type, null for none; `same` when it is the wanted one. */
function sameType(lines: readonly string[], wanted: KnownHost, name: string): number | 'same' | null {
  for (const [index, line] of lines.entries()) {
    const known = parseKnownHost(line)
    if (known === null || !isOf(known, name) || known.type !== wanted.type) continue
    const areHashed = known.hosts.startsWith('|1|') && wanted.hosts.startsWith('|1|')
    const isSame =
      known.key === wanted.key &&
      known.marker === wanted.marker &&
      (areHashed || known.hosts === wanted.hosts)
    return isSame ? 'same' : index
  }
  return null
}

/** The file without the host's keys, or with a line without its key of that type. Authorities and revoked keys stay. */
export function withoutKnownHost(text: string, line: string | undefined, name: string): string {
  const lines = splitLines(text)
  const wanted = line === undefined ? null : parseKnownHost(line)
  if (wanted !== null) {
    const same = lines.findIndex((one) => {
      const known = parseKnownHost(one)
      return known !== null && isOf(known, name) && known.type === wanted.type
    })
    return lines.filter((_, index) => index !== same).join('')
  }
  return lines
    .filter((one) => {
      const known = parseKnownHost(one)
      return known === null || known.marker !== '' || !isOf(known, name)
    })
    .join('')
}
