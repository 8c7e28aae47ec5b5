/**
 * The value that Student's t with whole degrees of freedom exceeds with this probability, which is below one half. By halving an
 * interval of the angle in the finite series of its distribution (Abramowitz and Stegun 26.7.3 and 26.7.4), which is exact.
 */
export function studentUpper(probability: number, freedom: number): number {
  let [low, high] = [0, Math.PI / 2]
  // As far as doubles go.
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (beyond(middle, freedom) > probability) low = middle
    else high = middle
  }
  return Math.sqrt(freedom) * Math.tan((low + high) / 2)
}

/** P(t > √freedom · tan(angle)). */
function beyond(angle: number, freedom: number): number {
  const isOdd = freedom % 2 === 1
  const cosine = Math.cos(angle)
  let term = isOdd ? cosine : 1
  let series = freedom === 1 ? 0 : term
  for (let power = isOdd ? 3 : 2; power <= freedom - 2; power += 2) {
    term *= ((power - 1) / power) * cosine ** 2
    series += term
  }
  const within = isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * series) : Math.sin(angle) * series
  return (1 - within) / 2
}
