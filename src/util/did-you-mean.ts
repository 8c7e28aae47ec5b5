/**
 * The candidate that a misspelt word most likely means, or undefined when none is near: at most one edit in three
 * letters (insert, delete, replace, swap of neighbours), case ignored. A word that lacks its end, such as a unit, counts too.
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) >= bestDistance) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best ?? begun(wanted, candidates)
}

/** The shortest candidate of which the word is the first part, up to a `_` or `-`: `memory` → `memory_mb`. */
function begun(word: string, candidates: Iterable<string>): string | undefined {
  const longer = [...candidates].filter(
    (candidate) => candidate.toLowerCase().startsWith(word) && /^[_-]/.test(candidate.slice(word.length)),
  )
  return longer.sort((one, other) => one.length - other.length)[0]
}

/** `did you mean "x"?`, or undefined: ready to be a diagnostic's hint. */
export function suggestion(word: string, candidates: Iterable<string>): string | undefined {
  const meant = didYouMean(word, candidates)
  return meant === undefined ? undefined : `did you mean "${meant}"?`
}

/** Damerau–Levenshtein distance, restricted (no substring is edited twice). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1)
      }
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
