import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { seededRandom } from '../../../src/bench/random.ts'
import { loadWorkloads } from '../../../src/modules/benchmark/workloads.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { predictionBound } from '../../../src/verdicts/calibration.ts'
import { changePoints, farthest } from '../../../src/verdicts/change-points.ts'
import { type Measure, medianOf, writeValue } from '../../../src/verdicts/measure.ts'
import { fewestPaired, pairedShift, shift } from '../../../src/verdicts/shift.ts'
import { studentUpper } from '../../../src/verdicts/student.ts'
import { changeOf, judge, overall } from '../../../src/verdicts/verdict.ts'

const cases = join(packageRoot, 'test/cases/verdicts')

t.test('the shift and its interval are those of R', async (t) => {
  const [, , ...lines] = readFileSync(join(cases, 'shift.csv'), 'utf8').trim().split('\n')
  t.equal(lines.length, 20)
  for (const line of lines) {
    const [draw = '', left = '', right = '', ...expected] = line.split(',')
    const [one, other] = [left, right].map((cell) => cell.split(' ').map(Number)) as [number[], number[]]
    const { centre, low, high, coverage } = shift(one, other, 0.95)
    const name = `${draw}, ${one.length} against ${other.length}`
    for (const [index, value] of [centre, low, high, coverage].entries())
      t.ok(
        Math.abs((value ?? Number.NaN) - Number(expected[index])) < 1e-9,
        `${name}: ${value} is ${expected[index]}`,
      )
  }
})

t.test('the shift of pairs is that of the signed ranks', async (t) => {
  const [, , ...lines] = readFileSync(join(cases, 'paired-shift.csv'), 'utf8').trim().split('\n')
  t.equal(lines.length, 15)
  for (const line of lines) {
    const [draw = '', cell = '', ...expected] = line.split(',')
    const differences = cell.split(' ').map(Number)
    const { centre, low, high, coverage } = pairedShift(differences, 0.95)
    for (const [index, value] of [centre, low, high, coverage].entries())
      t.ok(
        Math.abs((value ?? Number.NaN) - Number(expected[index])) < 1e-9,
        `${draw}, ${differences.length} pairs: ${value} is ${expected[index]}`,
      )
  }
  t.same(pairedShift([1, 2, 3, 4, 5], 0.95), { centre: 3 }, 'five cannot give 95 %')
  t.equal(fewestPaired, 6)
  t.same(pairedShift([1, 1, 1, 1, 1, 1], 0.95), { centre: 1, low: 1, high: 1, coverage: 1 - 2 / 64 })
})

t.test('a comparison and a history have the medians of the report', async (t) => {
  const [workload] = await loadWorkloads([packageRoot], ['memory-1k'])
  const metric = workload?.metrics[0]
  if (workload === undefined || metric === undefined) throw new Error('a workload has a metric')
  const about = { hypervisor: 'node-1', subject: 'guest1', workload, metric, adaptive: false, blocks: [] }
  const shares = { ...about, quantity: 'efficiency', values: [0.05, 0.1, 0.2, 0.4] } as const
  t.equal(writeValue(shares, medianOf(shares)), '14.1 %', 'of shares on a log scale')
  const rates = { ...about, quantity: 'guest', values: [50, 100, 200, 400] } as const
  t.equal(writeValue(rates, medianOf(rates)), '150 MiB/s', 'of rates as they are')
})

t.test('samples too small for 95 % have no interval', async (t) => {
  t.same(shift([1, 2, 3], [4, 5, 6], 0.95), { centre: 3 })
  t.same(shift([1], [2], 0.95), { centre: 1 })
})

t.test('change points', async (t) => {
  const [, , ...lines] = readFileSync(join(cases, 'nile.csv'), 'utf8').trim().split('\n')
  const nile = lines.map((line) => Number(line.split(',')[1]))
  t.equal(nile.length, 100)
  t.same(
    changePoints(nile).map(({ at }) => at),
    [28],
    'the level of the Nile fell with 1899, as published',
  )
  const apart = farthest(
    [3, 1, 2, 6, 4, 5],
    [
      { from: 2, to: 6 },
      { from: 3, to: 6 },
    ],
  )
  t.equal(apart?.from, 3)
  t.ok(
    Math.abs((apart?.statistic ?? 0) - 4.5 / Math.sqrt(5.25)) < 1e-12,
    'z of the rank sum 15 of 3 in 6: (15 − 10.5) ÷ √5.25',
  )
  t.same(
    changePoints([1, 1.01, 0.99, 1, 2, 2.01, 2.02, 1.99]).map(({ at }) => at),
    [4],
  )
  t.same(
    changePoints(
      [1, 2, 3].flatMap((level) => Array.from({ length: 8 }, (_, index) => level + ((index * 5) % 8) / 100)),
    ).map(({ at }) => at),
    [8, 16],
    'two steps are both found',
  )
  const random = seededRandom(12)
  const stay = (length: number, level: number) => Array.from({ length }, () => level + random())
  t.same(
    changePoints([...stay(20, 5), ...stay(8, 3), ...stay(20, 5)]).map(({ at }) => at),
    [20, 28],
    'a level that came and went',
  )
  t.same(changePoints([1, 2, 1]), [], 'too short to say anything')
  t.same(changePoints([5, 5, 5, 5, 5, 5]), [], 'nothing changes')
})

t.test('runs that a change needs', async (t) => {
  /** Of all orders of so many runs, the share that looks as different as the clearest step possible. */
  const clearest = (length: number): number => {
    const parts = Array.from({ length: length - 3 }, (_, at) => ({ from: at + 2, to: length }))
    const looks = (order: readonly number[]) => farthest(order, parts)?.statistic ?? 0
    const half = Math.floor(length / 2)
    const most = half * (length - half) * Math.sqrt(3 / (half * (length - half) * (length + 1)))
    const all = orders(length)
    return all.filter((order) => looks(order) >= most - 1e-9).length / all.length
  }
  t.ok(clearest(7) > 0.04, 'seven cannot show any')
  t.ok(Math.abs(clearest(8) - 2 / 70) < 1e-12, 'eight can, four against four')
  t.same(changePoints([0, 1, 2, 3, 14, 15, 16]), [])
  t.same(
    changePoints([0, 1, 2, 3, 14, 15, 16, 17]).map(({ at }) => at),
    [4],
  )
  const after = (runs: number) => [
    ...Array.from({ length: 16 }, (_, at) => (at * 7) % 16),
    ...Array(runs).fill(100),
  ]
  t.same(
    [1, 2].flatMap((runs) => changePoints(after(runs))),
    [],
    'two runs at a new level are no proof',
  )
  t.same(
    changePoints(after(4)).map(({ at }) => at),
    [16],
    'four are',
  )
  const before = (runs: number) => after(runs).toReversed()
  t.same(
    [1, 2].flatMap((runs) => changePoints(before(runs))),
    [],
    'at the beginning neither',
  )
  t.same(
    changePoints(before(4)).map(({ at }) => at),
    [4],
  )
  t.same(changePoints([100, ...before(0), 100]), [], 'one odd run at each end')
  t.same(changePoints([]), [])
  t.same(changePoints([1]), [])
})

/** Every order of the ranks from 1. */
function orders(length: number): number[][] {
  if (length === 0) return [[]]
  return orders(length - 1).flatMap((order) =>
    Array.from({ length }, (_, at) => [...order.slice(0, at), length, ...order.slice(at)]),
  )
}

t.test('verdicts of one interval', async (t) => {
  const limits: [low: number, high: number, verdict: string][] = [
    [0.98, 1.02, 'pass'],
    [0.97, 1.02, 'pass'],
    [1.1, 1.2, 'pass'],
    [0.96, 1.02, 'inconclusive'],
    [0.9, 0.9699, 'regression'],
    [0.9, 0.97, 'inconclusive'],
  ]
  for (const [low, high, verdict] of limits)
    t.equal(judge({ centre: (low + high) / 2, low, high }, 0.03), verdict, `${low} … ${high}: ${verdict}`)
  t.equal(judge({ centre: 1 }, 0.03), 'inconclusive', 'no interval proves nothing')
  t.equal(overall(['pass', 'inconclusive', 'regression']), 'regression')
  t.equal(overall(['pass', 'inconclusive']), 'inconclusive')
  t.equal(overall(['pass', 'pass']), 'pass')
  t.equal(overall([]), 'inconclusive')
})

t.test('guests that share native trials are compared in pairs', async (t) => {
  const [workload] = await loadWorkloads([packageRoot], ['memory-1k'])
  const metric = workload?.metrics[0]
  if (workload === undefined || metric === undefined) throw new Error('a workload has a metric')
  const measure = (subject: string, values: readonly number[], run: string): Measure => ({
    ...{ hypervisor: 'node-1', subject, workload, metric, quantity: 'efficiency', adaptive: false, values },
    blocks: values.map((_, block) => `${run} ${block}`),
  })
  const random = seededRandom(21)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const rounds = 2000
  for (const [blocks, least] of [
    [6, 0.99],
    [8, 0.9],
    [20, 0.8],
  ] as const) {
    const held = { paired: 0, independent: 0 }
    const widths = { paired: 0, independent: 0 }
    for (let round = 0; round < rounds; round++) {
      const native = Array.from({ length: blocks }, () => 0.03 * normal())
      const [left, right] = [0, 0].map(() => native.map((shared) => Math.exp(0.03 * normal() - shared)))
      for (const run of ['A', 'B']) {
        const {
          low = Number.NaN,
          high = Number.NaN,
          pairing,
        } = changeOf(measure('one', left ?? [], 'A'), measure('two', right ?? [], run))
        if (low <= 1 && high >= 1) held[pairing]++
        widths[pairing] += Math.log(high / low)
      }
    }
    const share = (100 * held.paired) / rounds
    // Three standard errors of the simulation below 95 %.
    t.ok(
      share >= 93.5 && share <= 98.5,
      `${blocks} blocks: ${share} % of the intervals of pairs hold the truth`,
    )
    t.ok(held.independent >= held.paired, 'taken for independent they hold it more often than they have to')
    t.ok(
      widths.paired < least * widths.independent,
      `${blocks} blocks: ${(widths.paired / widths.independent).toFixed(2)} of the width`,
    )
  }
  const five = changeOf(measure('one', [1, 2, 3, 4, 5], 'A'), measure('two', [1, 2, 3, 4, 5], 'A'))
  t.match(five, { pairing: 'independent', sharedBlocks: 5 }, 'five blocks have no interval of pairs')
  const pooled = changeOf(
    measure('one', [1, 2, 3, 4, 5, 6], 'A'),
    measure('two', [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6], 'A'),
  )
  t.equal(pooled.pairing, 'independent', 'half of one side has no other half')
})

t.test('quantiles of t are those that tables print', async (t) => {
  // Fisher and Yates, Statistical Tables, table III, which gives both tails together; normal for many degrees of freedom.
  const printed: [freedom: number, probability: number, quantile: number][] = [
    [1, 0.05, 6.314],
    [1, 0.0005, 636.619],
    [2, 0.01, 6.965],
    [3, 0.005, 5.841],
    [4, 0.01, 3.747],
    [4, 0.0005, 8.61],
    [6, 0.01, 3.143],
    [9, 0.01, 2.821],
    [9, 0.0005, 4.781],
    [14, 0.01, 2.624],
    [29, 0.01, 2.462],
    [29, 0.0005, 3.659],
    [10_000, 0.025, 1.96],
  ]
  for (const [freedom, probability, quantile] of printed)
    t.equal(
      studentUpper(probability, freedom).toFixed(3),
      quantile.toFixed(3),
      `${freedom} degrees of freedom, ${probability}`,
    )
  const bound = predictionBound([1, 2, 3, 4, 5], 0.01)
  t.equal(bound.toFixed(4), (3.74695 * Math.sqrt(2) * Math.sqrt(2.5)).toFixed(4))
})

t.test('changes are rarely found where there are none', async (t) => {
  const random = seededRandom(3)
  const series = Array.from({ length: 300 }, () => Array.from({ length: 20 }, () => random()))
  const found = series.filter((values, index) => changePoints(values, index).length > 0).length
  t.ok(found <= 25, `${found} of 300: 15 are expected, more than 25 in one of a hundred such tests`)
})
