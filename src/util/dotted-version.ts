/** Below, at or above 0: numbers between dots, part by part, so that 1.0.8 comes before 1.0.18; a missing part is 0. */
export function compareDottedVersions(left: string, right: string): number {
  const [a = [], b = []] = [left, right].map((text) => text.split('.').map(Number))
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
