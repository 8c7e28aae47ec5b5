import t from 'tap'
import type { Design, Environment, Sample } from '../../../src/bench/record.ts'
import { type Benchmark, nothingRecorded } from '../../../src/bench/record.ts'
import type { RecordedRun } from '../../../src/bench/recorded-run.ts'
import { openMetrics } from '../../../src/reports/openmetrics.ts'
import { type JournalOptions, recordedEvents } from './recorded-journal.ts'

/*
 * The export against the specification (OpenMetrics 1.0, openmetrics.io): its grammar, families that stand together, units in names, series
 * that stand together in order of time, no sample twice, the end.
 */

function benchmarkOf(options: JournalOptions): Benchmark {
  const data = <T>(channel: string): T[] =>
    recordedEvents(options).flatMap((event) =>
      event.kind === 'recorded' && event.channel === channel ? [event.data as T] : [],
    )
  const [design] = data<Design>('benchmark')
  if (design === undefined) throw new Error('no design')
  return {
    ...nothingRecorded,
    design,
    environments: data<Environment>('environment'),
    samples: data<Sample>('sample'),
  }
}

const runOf = (day: number, ...benchmarks: Benchmark[]): RecordedRun => ({
  runId: `day ${day}`,
  pipeline: 'quick',
  file: 'quick.yml',
  version: '0.1.0',
  startedAt: `2026-11-${String(day).padStart(2, '0')}T09:00:00.250Z`,
  command: null,
  inventory: null,
  benchmarks,
})

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\n"])*"'
const number = '-?\\d+(?:\\.\\d+)?(?:e[+-]\\d+)?'
const sampleLine = new RegExp(`^(${name})\\{(${label}(?:,${label})*)\\} (${number}) (\\d+(?:\\.\\d+)?)$`)
const metaLine = new RegExp(`^# (TYPE|UNIT|HELP) (${name}) (.+)$`)

/** What is wrong with a text. */
function faults(text: string): string[] {
  const found: string[] = []
  const lines = text.split('\n')
  if (lines.pop() !== '') found.push('the last line has no end')
  if (lines.pop() !== '# EOF') found.push('the last line is not # EOF')
  const families = new Set<string>()
  const series = new Map<string, number>()
  let family = ''
  let last = ''
  let hasSamples = false
  for (const line of lines) {
    const meta = metaLine.exec(line)
    if (meta !== null) {
      const [, kind, about = '', value = ''] = meta
      if (about !== family || hasSamples) {
        if (families.has(about)) found.push(`${about} comes twice`)
        families.add(about)
        family = about
        hasSamples = false
      }
      if (kind === 'TYPE' && value !== 'gauge') found.push(`${about} is a ${value}`)
      if (kind === 'UNIT' && !about.endsWith(`_${value}`)) found.push(`${about} has the unit ${value}`)
      if (kind === 'HELP' && /(?<!\\)"/.test(value)) found.push(`the help of ${about} has a quote`)
      continue
    }
    const [, metric = '', labels = '', , at = ''] = sampleLine.exec(line) ?? []
    if (metric === '') found.push(`no line of the format: ${line}`)
    if (metric !== family) found.push(`${metric} stands within ${family}`)
    hasSamples = true
    const names = [...labels.matchAll(new RegExp(label, 'g'))].map(([pair]) => pair.split('=')[0])
    if (new Set(names).size < names.length) found.push(`a label twice: ${line}`)
    const key = `${metric}{${labels}}`
    const before = series.get(key)
    if (before !== undefined && key !== last) found.push(`${key} is scattered`)
    if (before !== undefined && before >= Number(at)) found.push(`${key} goes back in time`)
    series.set(key, Number(at))
    last = key
  }
  return found
}

t.test('the check finds what is wrong', async (t) => {
  const head = '# TYPE a gauge\n# HELP a what\n'
  t.strictSame(faults(`${head}a{b="c"} 1 1\n# EOF\n`), [])
  t.strictSame(faults(`${head}a{b="c"} 1 1\n`), ['the last line is not # EOF'])
  t.strictSame(faults(`${head}a{b="c"} 1 1\na{b="c"} 1 1\n# EOF\n`), ['a{b="c"} goes back in time'])
  t.strictSame(faults(`${head}a{b="c"} 1 1\na{b="d"} 1 1\na{b="c"} 1 2\n# EOF\n`), ['a{b="c"} is scattered'])
  t.strictSame(faults(`${head}a{b="c"} NaN x\n# EOF\n`).length, 2)
})

t.test('many runs of many hosts', async (t) => {
  const hosts = (day: number) =>
    ['node-1', 'node-2'].map((hypervisor) => benchmarkOf({ hypervisor, seed: day, guests: ['one', 'two'] }))
  const text = openMetrics([runOf(3, ...hosts(3)), runOf(1, ...hosts(1)), runOf(2, ...hosts(2))])
  t.strictSame(faults(text), [])
  t.match(text, /^hvlab_trials\{host="node-1"\} 36 1793523600\.25$/m)
})

t.test('a run that is named twice, a host with two benchmarks, a metric whose unit changed', async (t) => {
  const one = benchmarkOf({ blocks: 2 })
  const twice = runOf(1, one, benchmarkOf({ blocks: 3, seed: 2 }))
  const text = openMetrics([twice, twice])
  t.strictSame(faults(text), [])
  t.match(text, /^hvlab_trials\{host="node-1"\} 30 /m, 'the trials of both')
  const inMinutes: Benchmark = {
    ...one,
    design: {
      ...one.design,
      workloads: one.design.workloads.map((workload) => ({
        ...workload,
        metrics: workload.metrics.map((metric) => ({ ...metric, unit: `1000 ${metric.unit}` })),
      })),
    },
  }
  t.strictSame(faults(openMetrics([runOf(1, one), runOf(2, inMinutes), runOf(3, one)])), [])
})

t.test('names that need escapes', async (t) => {
  const hypervisor = 'a "host" \\ of\nthree lines\n{x="y"} 1 2'
  const text = openMetrics([runOf(1, benchmarkOf({ hypervisor, guests: ['guest"} 1 2'] }))])
  t.strictSame(faults(text), [])
  t.ok(text.includes('host="a \\"host\\" \\\\ of\\nthree lines\\n{x=\\"y\\"} 1 2"'))
})

t.test('nothing to export is valid too', async (t) => {
  const { samples: _, ...rest } = benchmarkOf({})
  t.strictSame(faults(openMetrics([runOf(1, { ...rest, samples: [] })])), [])
  t.equal(openMetrics([]), '# EOF\n')
})
