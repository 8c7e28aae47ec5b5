/** Numbers of a kernel's CPU list (`0-3,6`), ascending; null when it is none. */
export function cpusOf(list: string): number[] | null {
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) return null
  const ranges = list.split(',').map((range) => range.split('-').map(Number))
  if (ranges.some(([from = 0, to = from]) => to < from || to > 8191)) return null
  const all = ranges.flatMap(([from = 0, to = from]) =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i),
  )
  return [...new Set(all)].sort((a, b) => a - b)
}
