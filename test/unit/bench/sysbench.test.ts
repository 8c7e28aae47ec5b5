import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Asked, type ParserName, parsers } from '../../../src/bench/parser.ts'
import { packageRoot } from '../../../src/util/package-root.ts'

const read = (name: string): string =>
  readFileSync(join(packageRoot, 'test/cases/sysbench', `${name}.txt`), 'utf8')
const KiB = 1024
const MiB = 1024 * KiB

interface Case {
  readonly file: string
  readonly parser: ParserName
  readonly asked: Asked
  readonly version?: string
  /** Some of the metrics. */
  readonly metrics?: Record<string, number>
  readonly failure?: { code: string; message: string }
}

const cases: Case[] = [
  {
    file: '1.0.20-cpu',
    parser: 'sysbench-cpu',
    asked: { threads: 1, durationS: 1 },
    version: '1.0.20',
    metrics: {
      events_per_s: 4288.57,
      events: 4289,
      total_time_s: 1.0001,
      latency_avg_ms: 0.23,
      in_events_s: 0.99679,
    },
  },
  {
    file: '1.0.20-cpu-2-threads',
    parser: 'sysbench-cpu',
    asked: { threads: 2, durationS: 1 },
    version: '1.0.20',
    metrics: { events_per_s: 8755.25, in_events_s: 1.99578, latency_p95_ms: 0.26 },
  },
  {
    file: '1.0.20-memory-1k',
    parser: 'sysbench-memory',
    asked: { threads: 1, durationS: 1, blockBytes: KiB },
    version: '1.0.20',
    metrics: {
      mib_per_s: 6211.97,
      operations_per_s: 6361060.89,
      operations: 6361697,
      transferred_mib: 6212.59,
    },
  },
  {
    file: '1.0.20-memory-1m',
    parser: 'sysbench-memory',
    asked: { threads: 1, durationS: 1, blockBytes: MiB },
    version: '1.0.20',
    metrics: { mib_per_s: 25592.64, operations: 25608, latency_max_ms: 1.25 },
  },
  {
    file: '1.0.18-cpu-deprecated-option',
    parser: 'sysbench-cpu',
    asked: { threads: 1, durationS: 10 },
    version: '1.0.18',
    metrics: { events_per_s: 812.54, events: 8126 },
  },
  {
    file: '0.4.12-cpu',
    parser: 'sysbench-cpu',
    asked: { threads: 1 },
    version: '0.4.12',
    metrics: { events_per_s: 799.74, latency_p95_ms: 1.29, in_events_s: 12.5012 },
  },
  {
    file: '0.4.12-memory-1m',
    parser: 'sysbench-memory',
    asked: { threads: 1, blockBytes: MiB },
    version: '0.4.12',
    metrics: { mib_per_s: 5120, operations: 10240 },
  },
  {
    // Captured in an emulated guest on a loaded host: the report came 51 ms after the last event.
    file: '1.0.20-memory-1m-late-report',
    parser: 'sysbench-memory',
    asked: { threads: 1, durationS: 3, blockBytes: MiB },
    version: '1.0.20',
    metrics: { mib_per_s: 3772.68, operations_per_s: 3772.68, operations: 11352 },
  },
  {
    file: '1.0.20-memory-cap',
    parser: 'sysbench-memory',
    asked: { threads: 1, durationS: 2, blockBytes: MiB },
    failure: { code: 'benchmark-run-length', message: 'sysbench stopped after 0.0515 s of 2 s' },
  },
  {
    file: '1.0.18-cpu-deprecated-option',
    parser: 'sysbench-cpu',
    asked: { threads: 1, durationS: 3 },
    failure: { code: 'benchmark-run-length', message: 'sysbench ran 10.0007 s where 3 s were asked' },
  },
  {
    file: '1.0.20-cpu',
    parser: 'sysbench-cpu',
    asked: { threads: 2, durationS: 1 },
    failure: {
      code: 'benchmark-output-inconsistent',
      message: '2 threads were asked for and sysbench ran 1',
    },
  },
  {
    file: '1.0.20-memory-1k',
    parser: 'sysbench-memory',
    asked: { threads: 1, durationS: 1, blockBytes: MiB },
    failure: {
      code: 'benchmark-output-inconsistent',
      message: 'blocks of 1048576 bytes were asked for and sysbench used 1024',
    },
  },
  {
    file: '1.0.20-cpu',
    parser: 'sysbench-memory',
    asked: { threads: 1 },
    failure: {
      code: 'benchmark-output-unreadable',
      message: 'the output of sysbench has no readable line for operations',
    },
  },
  {
    file: 'corrupt-decimal-comma',
    parser: 'sysbench-cpu',
    asked: { threads: 1, durationS: 1 },
    failure: {
      code: 'benchmark-output-unreadable',
      message: 'the output of sysbench has no readable line for total time',
    },
  },
  {
    file: 'corrupt-cut',
    parser: 'sysbench-cpu',
    asked: { threads: 1, durationS: 1 },
    failure: {
      code: 'benchmark-output-unreadable',
      message: 'the output of sysbench has no readable line for total number of events',
    },
  },
  {
    file: 'corrupt-rate',
    parser: 'sysbench-cpu',
    asked: { threads: 1, durationS: 1 },
    failure: {
      code: 'benchmark-output-inconsistent',
      message: 'events ÷ total time is 4288.57 and events per second is 8571.72: they should be equal',
    },
  },
  {
    file: 'corrupt-bandwidth',
    parser: 'sysbench-memory',
    asked: { threads: 1, durationS: 1 },
    failure: {
      code: 'benchmark-output-inconsistent',
      message: 'operation rate × block size is 6207.85 and bandwidth is 8207.85: they should be equal',
    },
  },
  {
    file: 'corrupt-no-event',
    parser: 'sysbench-cpu',
    asked: { threads: 1, durationS: 1 },
    failure: { code: 'benchmark-output-inconsistent', message: 'sysbench counted no event' },
  },
  {
    file: 'corrupt-more-time-than-there-is',
    parser: 'sysbench-cpu',
    asked: { threads: 1, durationS: 1 },
    failure: {
      code: 'benchmark-output-inconsistent',
      message: 'the time in events (2.00 s) is more than threads × total time (1.00 s)',
    },
  },
]

for (const { file, parser, asked, version, metrics, failure } of cases) {
  t.test(`${parser} reads ${file} as ${JSON.stringify(asked)}`, async (t) => {
    const result = parsers[parser](read(file), asked)
    if (failure !== undefined) {
      t.notOk(result.ok, 'refused')
      if (!result.ok) t.match(result.error, { reason: 'module', ...failure })
      return
    }
    t.ok(result.ok, 'accepted')
    if (!result.ok) return t.fail(result.error.message)
    t.equal(result.value.version, version)
    t.match(result.value.metrics, metrics)
    return
  })
}

t.test('no output at all is unreadable, and quotes what there was', async (t) => {
  const result = parsers['sysbench-cpu']('sysbench: command not found', { threads: 1 })
  t.strictSame(result, {
    ok: false,
    error: {
      reason: 'module',
      code: 'benchmark-output-unreadable',
      message: 'the output of sysbench has no readable line for version',
      hint: 'sysbench 1.0 is needed, run with LC_ALL=C; the output is in the details',
      details: 'sysbench: command not found',
    },
  })
})
