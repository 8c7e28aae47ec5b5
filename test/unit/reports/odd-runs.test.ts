import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Sample } from '../../../src/bench/record.ts'
import type { Workload } from '../../../src/bench/workload-file.ts'
import type { Event } from '../../../src/model/event.ts'
import { writeReports } from '../../../src/reports/write-reports.ts'
import { plainData } from '../../../src/util/json.ts'
import { type JournalOptions, journal, recordedEvents, workloads } from './recorded-journal.ts'

/* Runs as nobody wants them: what their reports say first, and that nothing in them is no number. */

const timed: Workload = {
  id: 'syscall',
  title: 'System calls',
  tool: 'dd',
  parser: 'dd',
  argv: ['dd'],
  metrics: [{ field: 'ns_per_operation', title: 'time of two calls', unit: 'ns', better: 'lower' }],
}

/** A run whose trials are changed, or left out where nothing comes back. */
function changed(options: JournalOptions, change: (sample: Sample) => Sample | undefined): Event[] {
  return recordedEvents({ blocks: 6, ...options }).flatMap((event): Event[] => {
    if (event.kind !== 'recorded' || event.channel !== 'sample') return [event]
    const sample = change(event.data as unknown as Sample)
    return sample === undefined ? [] : [{ ...event, data: plainData(sample) }]
  })
}

const scaled = (sample: Sample, factor: number): Sample => ({
  ...sample,
  metrics: Object.fromEntries(Object.entries(sample.metrics).map(([name, value]) => [name, value * factor])),
})
const set = (sample: Sample, value: number): Sample => ({
  ...sample,
  metrics: Object.fromEntries(Object.keys(sample.metrics).map((name) => [name, value])),
})
const inGuest =
  (change: (sample: Sample) => Sample) =>
  (sample: Sample): Sample =>
    sample.kind === 'guest' ? change(sample) : sample

const none = 'No workload has a complete pair of native and guest figures.'
const runs: readonly {
  readonly name: string
  readonly events: Event[]
  readonly answer: string | RegExp
  /** Sentences of report.md. */
  readonly says?: readonly string[]
  readonly not?: readonly RegExp[]
}[] = [
  {
    name: 'everything in the guest is faster',
    events: changed(
      {},
      inGuest((sample) => scaled(sample, 400)),
    ),
    answer: /^The guest debian-1 on node-1 is 40 × faster at computing primes, 9\.\d × at/,
    says: ['| −3,863 % |', 'which gives 40 × faster, or −3,863 % overhead'],
    not: [/points at the clock/, /× slower in debian-1/],
  },
  {
    name: 'a part of it is, so small blocks look bad beside large ones',
    events: changed(
      {},
      inGuest((sample) => scaled(sample, 18)),
    ),
    answer:
      'The guest debian-1 on node-1 is 2.4 × slower at 1 KiB memory writes, but 1.78 × faster at computing primes and 2.7 × at 1 MiB memory writes.',
    not: [/points at the clock/],
  },
  {
    name: 'all are equal',
    events: changed({}, (sample) => set(sample, 100)),
    answer: /reaches 100 % of native speed at computing primes, 100 %/,
    says: ['| 1.00 × | 1.00 × |'],
  },
  {
    name: 'a million times slower',
    events: changed(
      {},
      inGuest((sample) => scaled(sample, 1e-6)),
    ),
    answer: /^The guest debian-1 on node-1 is 10,\d\d\d,\d\d\d × slower at computing primes/,
  },
  {
    name: 'a time that is shorter',
    events: changed({ workloads: [timed] }, (sample) => set(sample, sample.kind === 'guest' ? 3 : 240)),
    answer: 'The guest debian-1 on node-1 is 80 × faster at system calls.',
    says: ['| −98.8 % |'],
  },
  {
    name: 'one block',
    events: recordedEvents({ blocks: 1 }),
    answer: /^The guest debian-1 on node-1 is 10\.\d × slower/,
    says: ['**Caution.** Each figure is of one block: nothing here says how far chance moved it.'],
  },
  {
    name: 'two blocks',
    events: recordedEvents({ blocks: 2 }),
    answer: /^The guest debian-1 on node-1 is 10\.\d × slower/,
    says: ['**Caution.** Each figure is of 2 blocks at most: too few to say how far chance moved it.'],
  },
  {
    name: 'zeros in the guest',
    events: changed(
      {},
      inGuest((sample) => set(sample, 0)),
    ),
    answer: none,
    says: [
      'Not compared with native in debian-1: Computing primes, 1 KiB memory writes and 1 MiB memory writes. No block has a figure of both sides.',
    ],
    not: [/\| Efficiency \|/],
  },
  {
    name: 'zeros natively',
    events: changed({}, (sample) => (sample.kind === 'native' ? set(sample, 0) : sample)),
    answer: none,
  },
  {
    name: 'no guest was measured',
    events: changed({}, (sample) => (sample.kind === 'guest' ? undefined : sample)),
    answer: none,
    says: ['only complete pairs are counted. Without any trial: debian-1.'],
  },
  {
    name: 'native has its warm-up only',
    events: changed({}, (sample) => (sample.kind === 'native' && !sample.warm_up ? undefined : sample)),
    answer: none,
    says: ['Without any trial: node-1.'],
  },
  {
    name: 'one of two guests was not measured',
    events: changed({ guests: ['one', 'two'] }, (sample) => (sample.subject === 'two' ? undefined : sample)),
    answer: /^The guest one on node-1 is/,
    says: ['Without any trial: two.', 'Not compared with native in two: Computing primes'],
  },
  {
    name: 'every trial failed a gate',
    events: changed({}, (sample) => ({ ...sample, flags: ['host-cpu-pressure', 'guest-steal'] })),
    answer: /^The guest debian-1 on node-1 is 10\.\d × slower/,
    says: [
      '**Caution.** The machine was not quiet: 18 of 18 ratios are of trials that failed a gate on noise.',
      'Contaminated in the end: 36;',
    ],
  },
  {
    name: 'one workload',
    events: recordedEvents({ workloads: workloads.slice(0, 1), blocks: 6 }),
    answer: /^The guest debian-1 on node-1 is 10\.\d × slower at computing primes\.$/,
    not: [/geometric mean of/],
  },
]

for (const { name, events, answer, says = [], not = [] } of runs) {
  t.test(name, async (t) => {
    const folder = t.testdir({ 'journal.jsonl': journal(events) })
    const written = await writeReports(folder)
    await writeReports(folder, 'id')
    const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
    t.match(written.answer, answer)
    const markdown = read('report.md').replaceAll('\\', '')
    for (const sentence of says) t.ok(markdown.includes(sentence), sentence)
    for (const pattern of not) t.notMatch(markdown, pattern)
    const page = read('report.html').replace(/<(style|script)>.*?<\/\1>/gs, '')
    for (const text of [markdown, page, read('report.id.md'), JSON.stringify(written.summary)])
      t.notMatch(text, /NaN|Infinity|undefined|\d[eE][+-]\d/)
  })
}
