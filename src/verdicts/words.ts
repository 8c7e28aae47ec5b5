/** How changes are written, everywhere the same: `+3.1 %`, `−12 %` (with a minus sign, not a hyphen). */
export function signedPercent(ratio: number): string {
  const value = (ratio - 1) * 100
  const size = Math.abs(value)
  const digits = size >= 99.95 ? 0 : 1
  const text = size.toFixed(digits)
  if (Number(text) === 0) return `${(0).toFixed(digits)} %`
  return `${value < 0 ? '−' : '+'}${text} %`
}

/** `−8.9 … −5.4 %`. A dash would be read as a minus. */
export function signedRange(low: number | undefined, high: number | undefined): string {
  if (low === undefined || high === undefined) return '—'
  return `${signedPercent(low).replace(/ %$/, '')} … ${signedPercent(high)}`
}

/** Groups of lines with an empty line between them; groups without lines are left out. */
export function paragraphs(groups: readonly (readonly string[])[]): string {
  const texts = groups.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
  return `${texts.join('\n\n')}\n`
}

/** A tolerance as a share of 1, in the direction that counts: `−3.2 %` is how much slower is no regression yet. */
export function toleranceText(tolerance: number | undefined, sign: '−' | '± ' = '−'): string {
  return tolerance === undefined ? '—' : `${sign}${(tolerance * 100).toFixed(1)} %`
}
