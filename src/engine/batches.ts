/**
 * Splits hosts for `serial`: numbers of hosts or percentages of all; the last size repeats, an empty list means all
 * at once. A percentage is at least one host.
 */
export function batchesOf(hosts: readonly string[], serial: readonly (number | string)[]): string[][] {
  if (hosts.length === 0) return []
  const batches: string[][] = []
  let start = 0
  for (let index = 0; start < hosts.length; index += 1) {
    const wanted = serial[Math.min(index, serial.length - 1)]
    const size = wanted === undefined ? hosts.length : sizeOf(wanted, hosts.length)
    batches.push(hosts.slice(start, start + size))
    start += size
  }
  return batches
}

function sizeOf(wanted: number | string, total: number): number {
  const isPercentage = typeof wanted === 'string' && wanted.trim().endsWith('%')
  const number = Number.parseFloat(String(wanted))
  const size = isPercentage ? Math.floor((number / 100) * total) : Math.trunc(number)
  return Number.isFinite(size) && size >= 1 ? size : isPercentage ? 1 : total
}
