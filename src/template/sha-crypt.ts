import { createHash } from 'node:crypto'

/** Alphabet of crypt(3). */
export const cryptAlphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** What differs between the two: the id in the hash, and which bytes of the digest are written side by side. */
const kinds = {
  sha256: { id: '5', size: 32, step: 21, first: [0, 10, 20], cycle: 30, last: [31, 30] },
  sha512: { id: '6', size: 64, step: 22, first: [0, 21, 42], cycle: 63, last: [63] },
} as const

export type ShaCryptKind = keyof typeof kinds

/** What crypt(3) does when it is told no number of rounds. */
const usualRounds = 5000

/**
 * A password's hash as /etc/shadow has it: `$6$salt$…`. Source: U. Drepper, "Unix crypt using SHA-256 and SHA-512".
 * `rounds` is written into the hash only when it is given, as crypt(3) does.
 */
export function shaCrypt(password: string, salt: string, kind: ShaCryptKind, rounds?: number): string {
  const key = Buffer.from(password)
  const grain = Buffer.from(salt)
  const hash = (...parts: readonly Buffer[]): Buffer => {
    const made = createHash(kind)
    for (const part of parts) made.update(part)
    return made.digest()
  }

  const middle = hash(key, grain, key)
  const start: Buffer[] = [key, grain, filled(middle, key.length)]
  for (let bits = key.length; bits > 0; bits >>= 1) start.push(bits & 1 ? middle : key)
  let digest = hash(...start)

  const keys = filled(hash(...Array.from(key, () => key)), key.length)
  const grains = filled(hash(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => grain)), grain.length)
  for (let round = 0; round < (rounds ?? usualRounds); round += 1) {
    const isOdd = round % 2 === 1
    digest = hash(
      isOdd ? keys : digest,
      ...(round % 3 === 0 ? [] : [grains]),
      ...(round % 7 === 0 ? [] : [keys]),
      isOdd ? digest : keys,
    )
  }
  const { id } = kinds[kind]
  return `$${id}$${rounds === undefined ? '' : `rounds=${rounds}$`}${salt}$${written(digest, kind)}`
}

/** So many bytes of the digest, over and over. */
function filled(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest)
}

function written(digest: Buffer, kind: ShaCryptKind): string {
  const { size, step, first, cycle, last } = kinds[kind]
  let text = ''
  for (let turn = 0; turn < Math.floor(size / 3); turn += 1) {
    text += characters(
      first.map((index) => digest[(index + turn * step) % cycle] ?? 0),
      4,
    )
  }
  return (
    text +
    characters(
      last.map((index) => digest[index] ?? 0),
      last.length + 1,
    )
  )
}

/** Up to three bytes, the lowest six bits first. */
function characters(bytes: readonly number[], count: number): string {
  const word = bytes.reduce((sum, byte) => (sum << 8) | byte, 0)
  return Array.from({ length: count }, (_, index) => cryptAlphabet[(word >>> (6 * index)) & 63]).join('')
}
