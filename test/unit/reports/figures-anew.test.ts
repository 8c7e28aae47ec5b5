import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { seededRandom } from '../../../src/bench/random.ts'
import type { Sample } from '../../../src/bench/record.ts'
import type { Workload } from '../../../src/bench/workload-file.ts'
import type { Event } from '../../../src/model/event.ts'
import { writeReports } from '../../../src/reports/write-reports.ts'
import { journal, recordedEvents, workloads } from './recorded-journal.ts'

/*
 * Every number in the tables of report.md, computed again from the trials in results.json by arithmetic of its own, in the plainest
 * way there is. Printed numbers may differ by half of their last digit.
 */

interface Trial extends Pick<Sample, 'subject' | 'workload' | 'block' | 'order' | 'warm_up' | 'flags'> {
  readonly metrics: Readonly<Record<string, number>>
  readonly host_cpu_s: number | null
  readonly duration_s: number
}
interface Metric {
  readonly field: string
  readonly title: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
}
interface Host {
  readonly host: string
  readonly design: {
    readonly blocks: number
    readonly precision_percent: number | null
    readonly workloads: readonly {
      readonly id: string
      readonly title: string
      readonly metrics: readonly Metric[]
    }[]
    readonly subjects: readonly {
      readonly id: string
      readonly kind: string
      readonly baseline: string | null
    }[]
  }
  readonly samples: readonly Trial[]
  readonly crowds: readonly {
    readonly workload: string
    readonly block: number
    readonly scenario: string
    readonly measured: readonly string[]
    readonly skew_s: number
    readonly samples: readonly Trial[]
  }[]
}

const middle = (values: readonly number[]): number => {
  const sorted = values.toSorted((one, other) => one - other)
  const at = sorted.length / 2
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(at)] ?? Number.NaN)
    : ((sorted[at - 1] ?? Number.NaN) + (sorted[at] ?? Number.NaN)) / 2
}

/** Of the 2ⁿ ways in which values may lie above and below a median, the share that a span between two ranks holds. */
function held(count: number, rank: number): number {
  let ways = 0
  for (let above = 0; above < 2 ** count; above++) {
    const ones = above.toString(2).replaceAll('0', '').length
    if (ones >= rank && ones <= count - rank) ways++
  }
  return ways / 2 ** count
}

/** Nyblom 1992, equation (8): a rank between two, where the level is the wanted one. */
function interval(logs: readonly number[]): readonly [low: number, high: number] | undefined {
  const n = logs.length
  if (n < 3) return undefined
  const sorted = logs.toSorted((one, other) => one - other)
  const value = (rank: number): number => sorted[rank - 1] ?? Number.NaN
  if (n < 6) return [value(1), value(n)]
  let rank = 1
  while (held(n, rank + 1) >= 0.95) rank++
  const odds = (held(n, rank) - 0.95) / (0.95 - held(n, rank + 1))
  const share = 1 / (1 + rank / ((n - rank) * odds))
  return [
    value(rank) + share * (value(rank + 1) - value(rank)),
    value(n + 1 - rank) - share * (value(n + 1 - rank) - value(n - rank)),
  ]
}

/** The trial that counts of each block: the first without a flag, or the last. */
function counting(trials: readonly Trial[], subject: string, workload: string): Map<number, Trial> {
  const found = new Map<number, Trial>()
  const own = trials.filter(
    (trial) => trial.subject === subject && trial.workload === workload && !trial.warm_up,
  )
  for (const block of new Set(own.map((trial) => trial.block))) {
    const attempts = own.filter((trial) => trial.block === block)
    const trial = attempts.find(({ flags }) => flags.length === 0) ?? attempts.at(-1)
    if (trial !== undefined) found.set(block, trial)
  }
  return found
}

interface Row {
  readonly native: number
  readonly guest: number
  readonly efficiency: number
  readonly overhead: number
  readonly slowdown: number
  readonly range: readonly [low: number, high: number] | undefined
}

function rowOf(
  [native, guest]: readonly [Map<number, Trial>, Map<number, Trial>],
  better: 'higher' | 'lower',
  read: (trial: Trial) => number | undefined,
): Row | undefined {
  const values = (trials: Map<number, Trial>): Map<number, number> =>
    new Map(
      [...trials].flatMap(([block, trial]): [number, number][] => {
        const value = read(trial)
        return value !== undefined && value > 0 ? [[block, value]] : []
      }),
    )
  const [left, right] = [values(native), values(guest)]
  const slowdowns = [...left].flatMap(([block, ours]) => {
    const theirs = right.get(block)
    return theirs === undefined ? [] : better === 'higher' ? ours / theirs : theirs / ours
  })
  if (slowdowns.length === 0) return undefined
  const logs = slowdowns.map(Math.log)
  const slowdown = Math.exp(middle(logs))
  const ends = interval(logs)
  return {
    native: middle([...left.values()]),
    guest: middle([...right.values()]),
    efficiency: 100 / slowdown,
    overhead: better === 'higher' ? 100 - 100 / slowdown : 100 * slowdown - 100,
    slowdown,
    range: ends && [Math.exp(ends[0]), Math.exp(ends[1])],
  }
}

/** Rows of the table below a heading (or the first table), by the words of its columns. */
function table(markdown: string, after: string): Record<string, string>[] {
  const [, rest = ''] = after === '' ? ['', markdown] : markdown.split(`\n## ${after}\n`)
  const lines = (rest.split(/\n## /)[0] ?? '').split('\n').filter((line) => line.startsWith('|'))
  const cells = (line: string): string[] =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\', ''))
  const [head = '', , ...rows] = lines
  const columns = cells(head)
  return rows.map((row) => Object.fromEntries(cells(row).map((cell, index) => [columns[index] ?? '', cell])))
}

/** Whether a printed number is this one, to half of its last digit. */
function isPrinted(printed: string, value: number): boolean {
  const number = printed
    .replaceAll(',', '')
    .replace('−', '-')
    .match(/^-?\d+(?:\.(\d+))?/)
  if (number === null) return false
  const [text, decimals = ''] = number
  return Math.abs(Number(text) - value) <= 0.5000001 * 10 ** -decimals.length
}

const check = (t: Test, where: string, printed: string | undefined, value: number): void => {
  t.ok(printed !== undefined && isPrinted(printed, value), `${where}: ${printed} is ${value}`)
}

const checkRange = (t: Test, where: string, printed: string | undefined, range: Row['range']): void => {
  if (range === undefined) {
    t.equal(printed, '—', `${where} has no interval`)
    return
  }
  const [low = '', high = low] = (printed ?? '').split('–')
  check(t, `${where}, low end`, low, range[0])
  check(t, `${where}, high end`, high, range[1])
}

const timed: Workload = {
  id: 'syscall',
  title: 'System calls',
  tool: 'dd',
  parser: 'dd',
  argv: ['dd', 'bs=1', 'if=/dev/zero', 'of=/dev/null'],
  metrics: [
    { field: 'ns_per_operation', title: 'time of two calls', unit: 'ns', better: 'lower' },
    { field: 'operations_per_s', title: 'operations', unit: 'operations/s', better: 'higher' },
  ],
}

const own = [...workloads, timed]
const random = seededRandom(99)
const spreadBy = (share: number): number => 1 + share * (random() - 0.5)

/** The trial that an event records. */
const sampleOf = (event: Event): Sample | undefined =>
  event.kind === 'recorded' && event.channel === 'sample' ? (event.data as unknown as Sample) : undefined

/** Figures of every kind: rates and times, trials taken again, one that is missing, one that is zero, CPU-seconds that are too few. */
function varied(blocks: number, guests: readonly string[]): Event[] {
  return recordedEvents({ workloads: own, guests, blocks, crowded: 1.7, seed: blocks }).flatMap((event) => {
    const data = sampleOf(event)
    if (data === undefined) return [event]
    const { kind, workload, block, subject, warm_up } = data
    const metrics: Record<string, number> =
      workload === 'syscall'
        ? (() => {
            const ns = (kind === 'native' ? 240 : 15_000) * spreadBy(0.2)
            return { ns_per_operation: ns, operations_per_s: 1e9 / ns }
          })()
        : Object.fromEntries(
            Object.entries(data.metrics).map(([name, value]) => [name, value * spreadBy(0.3)]),
          )
    const sample = {
      ...data,
      metrics,
      host_cpu_s: kind === 'native' ? 2.9 * spreadBy(0.1) : 3.6 * spreadBy(0.3),
    }
    if (warm_up) return [{ ...event, data: sample }]
    // A trial that a gate refused, and the one that counts instead.
    if (workload === 'cpu' && block === 2 && kind === 'guest')
      return [
        { ...event, data: { ...sample, flags: ['host-steal'], metrics: { events_per_s: 1 } } },
        { ...event, data: { ...sample, attempt: 2, flags: [] } },
      ]
    // Contaminated every time: the last attempt counts.
    if (workload === 'cpu' && block === 1 && kind === 'native')
      return [1, 2].map((attempt) => ({
        ...event,
        data: { ...sample, attempt, flags: ['host-steal'], metrics: { events_per_s: 4000 + attempt } },
      }))
    if (workload === 'memory-1m' && block === 2 && subject === guests[0]) return []
    if (workload === 'memory-1m' && block === 3 && kind === 'native')
      return [{ ...event, data: { ...sample, metrics: { mib_per_s: 0 } } }]
    if (workload === 'memory-1k' && block === 1 && kind === 'guest')
      return [{ ...event, data: { ...sample, host_cpu_s: 0.1 } }]
    return [{ ...event, data: sample }]
  }) as Event[]
}

/** A round alone for each round in company: another guest's turn in each block. */
function withAlone(events: readonly Event[]): Event[] {
  return events.flatMap((event): Event[] => {
    if (event.kind !== 'recorded' || event.channel !== 'crowd') return [event]
    const crowd = event.data as unknown as Host['crowds'][number]
    const turn = crowd.samples[crowd.block % crowd.samples.length]
    if (turn === undefined) return []
    const faster = Object.fromEntries(
      Object.entries(turn.metrics).map(([name, value]) => [name, value * 1.8 * spreadBy(0.2)]),
    )
    const skewed = { ...crowd, skew_s: 0.01 * crowd.block }
    const alone = { ...crowd, measured: [turn.subject], skew_s: 0, samples: [{ ...turn, metrics: faster }] }
    return [alone, skewed].map((data) => ({ ...event, data }) as unknown as Event)
  })
}

for (const blocks of [1, 2, 4, 6, 8]) {
  t.test(`${blocks} blocks: every number of report.md, computed again`, async (t) => {
    const guests = ['one', 'two']
    const events = withAlone(varied(blocks, guests))
    const folder = t.testdir({ 'journal.jsonl': journal(events) })
    await writeReports(folder)
    const markdown = readFileSync(join(folder, 'report.md'), 'utf8')
    const { hosts, overall } = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))
    const [{ design, samples, crowds }] = hosts as [Host]
    const first = table(markdown, '')
    const all = table(markdown, 'Every metric, by the clock and for each CPU-second')
    const each = table(markdown, 'Slowdown of each guest')
    let seen = 0
    for (const guest of guests) {
      const slowdowns: number[] = []
      for (const workload of design.workloads) {
        const sides = [
          counting(samples, 'native', workload.id),
          counting(samples, guest, workload.id),
        ] as const
        const [head] = workload.metrics
        const row = head && rowOf(sides, head.better, ({ metrics }) => metrics[head.field])
        if (head === undefined || row === undefined) continue
        const perCpu =
          head.better === 'higher'
            ? rowOf(sides, 'higher', ({ metrics, host_cpu_s: cpuS, duration_s }) =>
                cpuS === null || cpuS < 0.2 ? undefined : ((metrics[head.field] ?? 0) * duration_s) / cpuS,
              )
            : undefined
        slowdowns.push(row.slowdown)
        const where = `${workload.title}, ${guest}`
        const found = first.find(
          (one) => one['Workload'] === workload.title && one['Guest']?.startsWith(guest),
        )
        const heading = Object.keys(found ?? {}).find((name) => name.endsWith('interval')) ?? ''
        check(t, `${where}, native`, found?.['Native'], row.native)
        check(t, `${where}, guest`, found?.['In the guest'], row.guest)
        check(t, `${where}, efficiency`, found?.['Efficiency'], row.efficiency)
        check(t, `${where}, slowdown`, found?.['Slowdown'], row.slowdown)
        checkRange(t, where, found?.[heading], row.range)
        if (perCpu === undefined) t.equal(found?.['Per CPU-second'], '—')
        else check(t, `${where}, per CPU-second`, found?.['Per CPU-second'], perCpu.slowdown)
        seen++
        const more = [
          [head.title, row],
          [`${head.title} for each CPU-second`, perCpu],
          ...workload.metrics
            .slice(1)
            .map(
              (metric) =>
                [metric.title, rowOf(sides, metric.better, ({ metrics }) => metrics[metric.field])] as const,
            ),
        ] as const
        for (const [title, expected] of more) {
          if (expected === undefined) continue
          const line = all.find((one) => one['Workload'] === where && one['Metric'] === title)
          check(t, `${where}, ${title}, native`, line?.['Native'], expected.native)
          check(t, `${where}, ${title}, guest`, line?.['Guest'], expected.guest)
          check(t, `${where}, ${title}, efficiency`, line?.['Efficiency'], expected.efficiency)
          check(t, `${where}, ${title}, overhead`, line?.['Overhead'], expected.overhead)
          check(t, `${where}, ${title}, slowdown`, line?.['Slowdown'], expected.slowdown)
          checkRange(t, `${where}, ${title}`, line?.[heading], expected.range)
        }
      }
      const mean = (
        overall as { guest: string; workloads: string[]; geometric_mean_slowdown: number | null }[]
      ).find((one) => one.guest === guest)
      const shared = design.workloads.flatMap(({ id }, index) =>
        mean?.workloads.includes(id) === true ? (slowdowns[index] ?? []) : [],
      )
      const product = shared.reduce((whole, slowdown) => whole * slowdown, 1) ** (1 / shared.length)
      const line = (title: string) => each.find((one) => one['Workload'] === title)?.[guest]
      t.equal(each.length, shared.length + 1, 'what all guests have, and the mean')
      for (const [index, slowdown] of shared.entries())
        if (shared.length === design.workloads.length)
          check(t, `row ${index + 1} of ${guest}`, line(design.workloads[index]?.title ?? ''), slowdown)
      check(t, `mean of ${guest}`, line('Geometric mean'), product)
    }
    t.equal(seen, first.length, 'no row is left over')

    const company = table(markdown, 'Several guests at once')
    let cells = 0
    for (const workload of design.workloads) {
      const field = workload.metrics[0]?.field ?? ''
      const rounds = crowds.filter((one) => one.workload === workload.id && one.samples.length > 1)
      if (rounds.length === 0) continue
      cells++
      const speeds = rounds.map((round) => round.samples.map(({ metrics }) => metrics[field] ?? 0))
      const alone = rounds.map(
        (round) =>
          crowds.find(
            (one) => one.workload === workload.id && one.block === round.block && one.samples.length === 1,
          )?.samples[0],
      )
      const logs = rounds.map((round, index) => {
        const before = alone[index]
        const now = round.samples.find(({ subject }) => subject === before?.subject)
        return Math.log((before?.metrics[field] ?? 0) / (now?.metrics[field] ?? 0))
      })
      const line = company.find((one) => one['Workload'] === workload.title)
      const heading = Object.keys(line ?? {}).find((name) => name.endsWith('interval')) ?? ''
      const ends = interval(logs)
      check(t, `${workload.title} in company`, line?.['As long as alone'], Math.exp(middle(logs)))
      checkRange(
        t,
        `${workload.title} in company`,
        line?.[heading],
        ends && [Math.exp(ends[0]), Math.exp(ends[1])],
      )
      check(t, `${workload.title}, each`, line?.['Each guest: median'], middle(speeds.flat()))
      checkRange(t, `${workload.title}, each`, line?.['lowest–highest'], [
        Math.min(...speeds.flat()),
        Math.max(...speeds.flat()),
      ])
      check(
        t,
        `${workload.title}, together`,
        line?.['Together'],
        middle(speeds.map((round) => round.reduce((sum, speed) => sum + speed, 0))),
      )
      // What each guest does alone: the median of its rounds, or of its trials where it had no round.
      const usual = (guest: string): number => {
        const rounds = alone.flatMap((one) => (one?.subject === guest ? (one.metrics[field] ?? []) : []))
        const trials = [...counting(samples, guest, workload.id).values()].map(
          ({ metrics }) => metrics[field] ?? 0,
        )
        return middle(rounds.length > 0 ? rounds : trials.filter((value) => value > 0))
      }
      const shares = rounds.map((round) =>
        round.samples.flatMap(({ subject, metrics }) => {
          const before = usual(subject)
          return before > 0 ? (metrics[field] ?? 0) / before : []
        }),
      )
      const work = shares.map((round, index) => {
        const one = alone[index]
        const pace = (one?.metrics[field] ?? 0) / usual(one?.subject ?? '')
        return round.reduce((sum, share) => sum + share, 0) / pace
      })
      check(t, `${workload.title}, against one alone`, line?.['Against one alone'], middle(work))
      const jain = shares.map((round) => {
        const sum = round.reduce((whole, share) => whole + share, 0)
        return (sum * sum) / round.length / round.reduce((squares, share) => squares + share * share, 0)
      })
      check(t, `${workload.title}, fairness`, line?.['Fairness'], middle(jain))
      check(t, `${workload.title}, begun within`, line?.['Begun within'], Math.max(0.02, 0.01 * blocks))
    }
    t.equal(cells, company.length)
  })
}
