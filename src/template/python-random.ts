import { createHash, randomInt } from 'node:crypto'

/** Whole numbers by chance: `below(n)` is one of 0 … n-1, each as likely. */
export interface RandomSource {
  below(limit: number): number
}

/** A number that nobody can foretell. */
export const systemRandom: RandomSource = { below: (limit) => randomInt(limit) }

/**
 * CPython's `random.Random(seed)`, number for number, so that `60 | random(seed=inventory_hostname)` gives a host the
 * minute that Ansible gives it. Source: Lib/random.py and Modules/_randommodule.c; the generator is MT19937.
 */
export function seededRandom(seed: string | number): RandomSource {
  const twister = new MersenneTwister(seedKey(seed))
  return {
    below(limit) {
      const bits = limit.toString(2).length
      let value = twister.bits(bits)
      while (value >= limit) value = twister.bits(bits)
      return value
    },
  }
}

/** The seed as words of 32 bits, lowest first. A text is its own bytes and their SHA-512, read as one number. */
function seedKey(seed: string | number): number[] {
  const digits =
    typeof seed === 'number'
      ? Math.abs(seed).toString(16)
      : Buffer.concat([Buffer.from(seed), createHash('sha512').update(seed).digest()])
          .toString('hex')
          .replace(/^0+(?=.)/, '')
  const key: number[] = []
  for (let end = digits.length; end > 0; end -= 8) {
    key.push(Number.parseInt(digits.slice(Math.max(0, end - 8), end), 16))
  }
  return key
}

const size = 624

/** MT19937 of Matsumoto and Nishimura (mt19937ar.c), seeded by an array. */
class MersenneTwister {
  readonly #state = new Uint32Array(size)
  #next = size

  constructor(key: readonly number[]) {
    const state = this.#state
    state[0] = 19650218
    const before = (index: number): number => {
      const last = state[index - 1] ?? 0
      return last ^ (last >>> 30)
    }
    for (let i = 1; i < size; i += 1) state[i] = Math.imul(1812433253, before(i)) + i
    let i = 1
    const step = (): void => {
      i += 1
      if (i < size) return
      state[0] = state[size - 1] ?? 0
      i = 1
    }
    for (let k = 0; k < Math.max(size, key.length); k += 1) {
      const j = k % key.length
      state[i] = ((state[i] ?? 0) ^ Math.imul(before(i), 1664525)) + (key[j] ?? 0) + j
      step()
    }
    for (let k = 1; k < size; k += 1) {
      state[i] = ((state[i] ?? 0) ^ Math.imul(before(i), 1566083941)) - i
      step()
    }
    state[0] = 0x80000000
  }

  /** A number of so many random bits, at most 53. */
  bits(count: number): number {
    if (count <= 32) return this.#word() >>> (32 - count)
    const low = this.#word()
    return (this.#word() >>> (64 - count)) * 2 ** 32 + low
  }

  #word(): number {
    if (this.#next >= size) this.#refill()
    let word = this.#state[this.#next] ?? 0
    this.#next += 1
    word ^= word >>> 11
    word ^= (word << 7) & 0x9d2c5680
    word ^= (word << 15) & 0xefc60000
    return (word ^ (word >>> 18)) >>> 0
  }

  #refill(): void {
    const state = this.#state
    const at = (index: number): number => state[index % size] ?? 0
    for (let i = 0; i < size; i += 1) {
      const mixed = (at(i) & 0x80000000) | (at(i + 1) & 0x7fffffff)
      state[i] = at(i + 397) ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0)
    }
    this.#next = 0
  }
}
