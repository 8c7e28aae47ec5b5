/**
 * Names of hosts as clusters write them: `node[1-40,42].example.org, db1`. Every name is there, in the order of names and numbers.
 * The number that varies is a name's first or its last one, whichever says it in fewer pieces.
 */
export function hostNames(names: Iterable<string>): string[] {
  const sorted = [...new Set(names)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const [first, last] = [/^(\D*)(\d+)(.*)$/s, /^(.*?)(\d+)(\D*)$/s].map((form) => folded(sorted, form))
  return first !== undefined && last !== undefined && first.length < last.length ? first : (last ?? sorted)
}

interface Numbered {
  readonly name: string
  readonly number: string
}

function folded(names: readonly string[], form: RegExp): string[] {
  const groups = new Map<string, Numbered[]>()
  for (const name of names) {
    const [, before = name, number = '', after = ''] = form.exec(name) ?? []
    const key = JSON.stringify([before, after, number === ''])
    groups.set(key, [...(groups.get(key) ?? []), { name, number }])
  }
  return [...groups].flatMap(([key, group]) => {
    const [only, ...others] = group
    if (only === undefined || others.length === 0) return only?.name ?? ''
    const [before, after] = JSON.parse(key) as [string, string]
    return inPieces(ranges(group.map(({ number }) => number))).map((some) => `${before}[${some}]${after}`)
  })
}

/** Longer lists of ranges are several pieces, between which a line can end. Characters. */
const LONGEST_LIST = 40

function inPieces(runs: readonly string[]): string[] {
  const pieces: string[] = []
  for (const run of runs) {
    const last = pieces.at(-1)
    if (last === undefined || last.length + run.length >= LONGEST_LIST) pieces.push(run)
    else pieces[pieces.length - 1] = `${last},${run}`
  }
  return pieces
}

/** `1-3`, `7`; numbers with leading zeros only follow on others of their length. */
function ranges(numbers: readonly string[]): string[] {
  const runs: { from: string; to: string }[] = []
  for (const number of numbers) {
    const run = runs.at(-1)
    if (run !== undefined && follows(run.to, number)) run.to = number
    else runs.push({ from: number, to: number })
  }
  return runs.map(({ from, to }) => (from === to ? from : `${from}-${to}`))
}

function follows(before: string, number: string): boolean {
  const isPadded = [before, number].some((text) => text.length > 1 && text.startsWith('0'))
  if (isPadded && before.length !== number.length) return false
  return BigInt(before) + 1n === BigInt(number)
}

export function namesOf(hosts: Iterable<string>): string {
  return hostNames(hosts).join(', ')
}
