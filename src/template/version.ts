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
