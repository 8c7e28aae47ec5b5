/**
 * Python's LooseVersion, which Ansible's `version` test uses: digits and letters are parts; numbers compare as numbers.
 * A part that is missing is lower than any other. Negative, zero or positive.
 */
export function compareVersions(left: string, right: string): number {
  const a = partsOf(left)
  const b = partsOf(right)
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const one = a[index]
    const other = b[index]
    if (one === undefined) return -1
    if (other === undefined) return 1
    if (one === other) continue
    if (typeof one === 'number' && typeof other === 'number') return one - other
    // LooseVersion cannot compare a number with letters; letters come first, so that 1.0rc1 is below 1.0.1.
    if (typeof one === 'number') return 1
    if (typeof other === 'number') return -1
    return one < other ? -1 : 1
  }
  return 0
}

function partsOf(version: string): (number | string)[] {
  return (version.match(/\d+|[a-z]+/gi) ?? []).map((part) => (/^\d/.test(part) ? Number(part) : part))
}

/** Precedence of Semantic Versioning 2.0.0 (11): build metadata counts for nothing. Undefined for a text that is none. */
export function compareSemanticVersions(left: string, right: string): number | undefined {
  const [a, b] = [semantic(left), semantic(right)]
  if (a === undefined || b === undefined) return undefined
  const sign = compareIdentifiers(a.numbers, b.numbers)
  if (sign !== 0) return sign
  if (a.before.length === 0 || b.before.length === 0) return b.before.length - a.before.length
  return compareIdentifiers(a.before, b.before)
}

function semantic(text: string): { numbers: (number | string)[]; before: (number | string)[] } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:-([\da-z.-]+))?(?:\+[\da-z.-]+)?$/i.exec(text)
  if (match === null) return undefined
  const before = match[4]?.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)) ?? []
  return { numbers: match.slice(1, 4).map(Number), before }
}

/** Numbers come before words, and a list before one that goes on. */
function compareIdentifiers(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [one = 0, other = 0] = [a[index], b[index]]
    if (one === other) continue
    if (typeof one === typeof other) return one < other ? -1 : 1
    return typeof one === 'number' ? -1 : 1
  }
  return a.length - b.length
}
