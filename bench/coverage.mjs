#!/usr/bin/env node
// How often the interval of a slowdown holds the true one: with a fixed number of blocks, and with the rule that stops when the
// interval is narrow, computed at 95 % and at the level that hvlab uses; and the interval of the change between two runs that ended by
// that rule; and of the change between two guests that share their native trials, in pairs and as if they shared nothing. Simulated.
import { tsImport } from 'tsx/esm/api'

const { narrow } = await tsImport('../src/bench/narrow-enough.ts', import.meta.url)
const { seededRandom } = await tsImport('../src/bench/random.ts', import.meta.url)
const { medianInterval, medianRatio } = await tsImport('../src/bench/statistics.ts', import.meta.url)
const { changeOf } = await tsImport('../src/verdicts/verdict.ts', import.meta.url)

const rounds = Number(process.argv[2] ?? 20_000)
const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
const distributions = {
  normal,
  even: (random) => random() - 0.5,
  'log-normal': (random) => Math.exp(0.8 * normal(random)) - 1,
  exponential: (random) => -Math.log(1 - random()) - Math.LN2,
  cauchy: (random) => Math.tan(Math.PI * (random() - 0.5)),
}

const nominal = (ratios) => {
  const interval = medianInterval(ratios.map(Math.log), 0.95)
  return interval && { centre: 1, ...interval, low: Math.exp(interval.low), high: Math.exp(interval.high) }
}
const widened = (ratios) => medianRatio(ratios, { adaptive: true })

function coverage(draw, estimate, ended) {
  const random = seededRandom(1)
  let held = 0
  let blocks = 0
  for (let round = 0; round < rounds; round++) {
    const ratios = []
    let interval
    do {
      ratios.push(Math.exp(0.03 * draw(random)))
      interval = ratios.length < 8 ? undefined : estimate(ratios)
    } while (interval === undefined || !ended(interval, ratios.length))
    if (interval.low <= 1 && interval.high >= 1) held++
    blocks += ratios.length
  }
  return `${((100 * held) / rounds).toFixed(1)} % (${(blocks / rounds).toFixed(1)} blocks)`
}

const row = (...cells) =>
  console.log(cells.map((cell, at) => String(cell).padEnd(at === 0 ? 12 : 22)).join(''))
row(
  '',
  'fixed, 8 blocks',
  'fixed, 20 blocks',
  '± 2 %, at 95 %',
  '± 1 %, hvlab',
  '± 2 %, hvlab',
  '± 4 %, hvlab',
)
for (const [name, draw] of Object.entries(distributions)) {
  const after = (wanted) => (_, blocks) => blocks === wanted
  const until = (percent) => (interval, blocks) => blocks === 20 || narrow(interval, blocks, percent)
  row(
    name,
    coverage(draw, nominal, after(8)),
    coverage(draw, nominal, after(20)),
    coverage(draw, nominal, until(2)),
    ...[1, 2, 4].map((percent) => coverage(draw, widened, until(percent))),
  )
}

const ended = (draw, random, percent) => {
  const ratios = []
  do ratios.push(Math.exp(0.03 * draw(random)))
  while (ratios.length < 20 && !narrow(widened(ratios), ratios.length, percent))
  return ratios
}
/** A measure, as far as a verdict looks at it. Without a run its blocks are nobody else's. */
let runs = 0
const measure = (values, adaptive, run = `run ${runs++}`) => ({
  values,
  blocks: values.map((_, block) => `${run}, block ${block}`),
  adaptive,
  quantity: 'efficiency',
  metric: { better: 'higher' },
})
console.log('\nthe change between two runs that are the same')
row('', ...[1, 2, 4].flatMap((percent) => [`± ${percent} %, at 95 %`, `± ${percent} %, hvlab`]))
for (const [name, draw] of Object.entries(distributions)) {
  const cells = [1, 2, 4].flatMap((percent) => {
    const random = seededRandom(percent)
    const held = [0, 0]
    for (let round = 0; round < rounds / 4; round++) {
      const [left, right] = [ended(draw, random, percent), ended(draw, random, percent)]
      for (const [index, adaptive] of [false, true].entries()) {
        const { low, high } = changeOf(measure(left, adaptive), measure(right, adaptive))
        if (low <= 1 && high >= 1) held[index]++
      }
    }
    return held.map((count) => `${((400 * count) / rounds).toFixed(1)} %`)
  })
  row(name, ...cells)
}

const guests = (draw, random, nativeSpread, ended) => {
  const sides = [[], []]
  do {
    const native = nativeSpread * draw(random)
    for (const side of sides) side.push(Math.exp(0.03 * (draw(random) - native)))
  } while (!ended(sides))
  return sides
}
const median = (values) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)]
const after = (blocks) => [`${blocks} blocks`, false, ([one]) => one.length === blocks]
const narrowed = (percent) => [
  `± ${percent} %`,
  true,
  (sides) => sides.every((side) => side.length === 20 || narrow(widened(side), side.length, percent)),
]
console.log(
  '\nthe change between two guests that are the same: paired / independent, and how wide the one is of the other',
)
const designs = [after(6), after(8), after(20), narrowed(2)]
row('', ...[0, 1, 2].flatMap((spread) => designs.map(([name]) => `native × ${spread}, ${name}`)))
for (const [name, draw] of Object.entries(distributions)) {
  const cells = [0, 1, 2].flatMap((nativeSpread) =>
    designs.map(([, adaptive, ended]) => {
      const random = seededRandom(7)
      const held = [0, 0]
      const widths = [[], []]
      for (let round = 0; round < rounds / 4; round++) {
        const [left, right] = guests(draw, random, nativeSpread, ended)
        for (const [index, run] of ['one', undefined].entries()) {
          const { low, high } = changeOf(measure(left, adaptive, run), measure(right, adaptive, run))
          if (low <= 1 && high >= 1) held[index]++
          widths[index].push(Math.log(high / low))
        }
      }
      const shares = held.map((count) => ((400 * count) / rounds).toFixed(1)).join('/')
      return `${shares} × ${(median(widths[0]) / median(widths[1])).toFixed(2)}`
    }),
  )
  row(name, ...cells)
}
