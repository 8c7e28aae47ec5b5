import { err, ok, type Result } from '../../util/result.ts'

/** What `mode:` asks for: fixed bits, or clauses that depend on the bits there are. */
export type Mode =
  | { readonly kind: 'octal'; readonly bits: number }
  | { readonly kind: 'symbolic'; readonly text: string; readonly clauses: readonly Clause[] }
  | { readonly kind: 'preserve' }

interface Clause {
  readonly who: string
  readonly operations: readonly { readonly operator: string; readonly permissions: string }[]
}

/**
 * A decimal that was meant to be octal: `mode: 644` is 01204 to YAML and to Ansible. None of these is a mode that
 * anybody wants, so they are refused with the way to write it.
 */
const meantAsOctal = new Set([
  400, 440, 444, 555, 600, 640, 644, 660, 664, 666, 700, 711, 750, 755, 770, 775, 777,
])

/** Reads a mode as Ansible does; the error is a phrase that follows the parameter's name. */
export function parseMode(value: string | number): Result<Mode, string> {
  if (typeof value === 'number') {
    if (meantAsOctal.has(value)) return err(`must be quoted and start with zero: '0${value}'`)
    if (Number.isInteger(value) && value >= 0 && value <= 0o7777) return ok({ kind: 'octal', bits: value })
    return err(`must be a mode such as '0644', not ${value}`)
  }
  const given = value.trim()
  if (given === 'preserve') return ok({ kind: 'preserve' })
  if (/^(0o)?[0-7]{1,5}$/.test(given)) {
    const bits = Number.parseInt(given.replace('0o', ''), 8)
    if (bits <= 0o7777) return ok({ kind: 'octal', bits })
  }
  const clauses = given.split(',').map(clause)
  if (clauses.every((found) => found !== null)) return ok({ kind: 'symbolic', text: given, clauses })
  return err(`must be a mode such as '0644' or 'u=rw,g=r,o=r', not ${JSON.stringify(value)}`)
}

function clause(given: string): Clause | null {
  const match = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/.exec(given)
  if (!match) return null
  const operations = [...(match[2] ?? '').matchAll(/([-+=])([^-+=]*)/g)].map(
    ([, operator = '', permissions = '']) => ({ operator, permissions }),
  )
  return { who: match[1] ?? '', operations }
}

/** Assumed for clauses that name nobody (`+w`), as chmod would with the usual umask. */
const usualUmask = 0o022

/** Bits that a file gets, from the bits it has. `preserve` keeps them. */
export function applyMode(mode: Mode, current: number, isDirectory: boolean): number {
  if (mode.kind === 'octal') return mode.bits
  if (mode.kind === 'preserve') return current
  let bits = current
  for (const { who, operations } of mode.clauses) {
    for (const { operator, permissions } of operations) {
      for (const user of who === '' || who.includes('a') ? 'ugo' : who) {
        const wanted = permissionBits(permissions, user, bits, isDirectory)
        const mask = who === '' ? wanted & ~usualUmask : wanted
        const own = ownBits(user)
        if (operator === '+') bits |= mask
        else if (operator === '-') bits &= ~mask
        else bits = (bits & ~own) | mask
      }
    }
  }
  return bits
}

const shift = (user: string): number => (user === 'u' ? 6 : user === 'g' ? 3 : 0)

/** All bits of one user class, its special bit included. */
function ownBits(user: string): number {
  return (0o7 << shift(user)) | (user === 'u' ? 0o4000 : user === 'g' ? 0o2000 : 0o1000)
}

function permissionBits(permissions: string, user: string, current: number, isDirectory: boolean): number {
  if (/^[ugo]$/.test(permissions)) return ((current >> shift(permissions)) & 0o7) << shift(user)
  let bits = 0
  for (const letter of permissions) {
    if (letter === 'r') bits |= 0o4 << shift(user)
    else if (letter === 'w') bits |= 0o2 << shift(user)
    else if (letter === 'x') bits |= 0o1 << shift(user)
    else if (letter === 'X') bits |= isDirectory || current & 0o111 ? 0o1 << shift(user) : 0
    else if (letter === 's') bits |= user === 'u' ? 0o4000 : user === 'g' ? 0o2000 : 0
    else if (letter === 't') bits |= user === 'o' ? 0o1000 : 0
  }
  return bits
}

/** Four octal digits: `0644`. */
export function octal(bits: number): string {
  return bits.toString(8).padStart(4, '0')
}

/**
 * The operand for chmod(1). GNU's keeps set-user-id and set-group-id of folders for `0755`; a fifth digit says that
 * they go.
 */
export function chmodOperand(bits: number): string {
  return `0${octal(bits)}`
}
