import { execFile } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { answer, doubt } from '../../../src/bench/answer.ts'
import { compare } from '../../../src/bench/comparison.ts'
import { findings } from '../../../src/bench/findings/finding.ts'
import { firstCpus, measuringMachine } from '../../../src/bench/machine-fact.ts'
import { difference } from '../../../src/bench/noise.ts'
import { seededRandom, seedFrom } from '../../../src/bench/random.ts'
import {
  type Benchmark,
  type Design,
  type Environment,
  nothingRecorded,
  type Sample,
  type Stop,
} from '../../../src/bench/record.ts'
import { inverse, medianRatio, rankLevel, spread } from '../../../src/bench/statistics.ts'
import { type InstalledTool, installedTool } from '../../../src/bench/tool-fact.ts'
import { trialOrder } from '../../../src/bench/trial-order.ts'
import { splitTrial, trialScript } from '../../../src/bench/trial-script.ts'
import { duration, figure, listed, percent, range, timeLimit, times } from '../../../src/bench/words.ts'
import { renderCommand, sh } from '../../../src/util/sh.ts'
import { pair } from '../../support/pair.ts'
import { quietNoise } from '../../support/quiet-noise.ts'

const run = promisify(execFile)

t.test('trial order', async (t) => {
  const subjects = ['native', 'a', 'b']
  const workloads = ['cpu', 'memory-1k', 'memory-1m']
  const order = trialOrder({ subjects, workloads, blocks: 20, seed: 7 })
  t.equal(order.length, 21 * 9, 'one warm-up block and twenty more')
  t.strictSame(
    order.map(({ order }) => order),
    order.map((_, index) => index),
  )
  for (let block = 0; block <= 20; block++) {
    const trials = order.filter((trial) => trial.block === block)
    t.strictSame(
      trials.map(({ workload, subject }) => `${workload} ${subject}`).sort(),
      workloads.flatMap((workload) => subjects.map((subject) => `${workload} ${subject}`)).sort(),
      `block ${block} has every pair once`,
    )
    t.ok(
      trials.every(({ warmUp }) => warmUp === (block === 0)),
      'only block 0 is warm-up',
    )
    for (let at = 0; at < 9; at += 3) {
      t.equal(
        new Set(trials.slice(at, at + 3).map(({ workload }) => workload)).size,
        1,
        'subjects of a workload stand together',
      )
    }
  }
  const first = (block: number): string => order.find((trial) => trial.block === block)?.subject ?? ''
  t.ok(
    new Set(Array.from({ length: 20 }, (_, index) => first(index + 1))).size > 1,
    'no subject always goes first',
  )
  t.strictSame(trialOrder({ subjects, workloads, blocks: 20, seed: 7 }), order, 'same seed, same order')
  t.notSame(trialOrder({ subjects, workloads, blocks: 20, seed: 8 }), order, 'another seed, another order')
})

t.test('seeded numbers', async (t) => {
  const random = seededRandom(1)
  // mulberry32 with seed 1, computed with an independent implementation.
  t.match([random(), random()], [0.6270739405881613, 0.002735721180215478])
  t.equal(seedFrom(''), 2166136261, 'FNV-1a offset basis')
  t.equal(seedFrom('a'), 0xe40c292c, 'FNV-1a test vector')
})

t.test('statistics', async (t) => {
  t.strictSame(spread([3, 1, 2, 10]), { median: 2.5, min: 1, max: 10, values: [3, 1, 2, 10] })
  const near = (found: number | undefined, wanted: number, why: string): void => {
    t.ok(found !== undefined && Math.abs(found - wanted) < 1e-9, `${why}: ${found} is ${wanted}`)
  }
  near(medianRatio([0.5, 0.1, 0.2]).centre, 0.2, 'odd number: the middle')
  near(medianRatio([0.1, 0.4]).centre, 0.2, 'even number: geometric mean of the middle two')
  t.strictSame(Object.keys(medianRatio([0.1, 0.4])), ['centre'], 'two blocks make no interval')
  const three = medianRatio([0.1, 0.2, 0.4])
  near(three.low, 0.1, 'low')
  near(three.high, 0.4, 'high')
  t.equal(three.level, 0.75, 'the range of three, with its own level')
  t.strictSame(inverse({ centre: 0.1, low: 0.05, high: 0.2, level: 0.95 }), {
    centre: 10,
    low: 5,
    high: 20,
    level: 0.95,
  })
  t.strictSame(
    [3, 4, 6].map((count) => rankLevel(count, 1)),
    [0.75, 0.875, 0.96875],
    '1 − 2·(½)ⁿ',
  )
})

t.test('figures in words', async (t) => {
  t.strictSame([4382.4, 52.39, 0.012345, 25_201, 1, 99.96].map(figure), [
    '4,382',
    '52.4',
    '0.0123',
    '25,201',
    '1.00',
    '100',
  ])
  t.strictSame([1.0234, 9.96, 34.4, 8.45].map(times), ['1.02 ×', '10.0 ×', '34 ×', '8.4 ×'])
  t.strictSame([9.83, 98.13, 100.02, 0.5, 12].map(percent), ['9.8 %', '98.1 %', '100 %', '0.50 %', '12.0 %'])
  t.strictSame(
    [range(8.1, 8.9, times), range(42.6, 42.9, times), range(undefined, 1, times)],
    ['8.1–8.9 ×', '43 ×', '—'],
  )
  t.strictSame([5.4461e-6, 1.5e-7, 0.25, 78, 200, 179.7, 0].map(duration), [
    '5.45 µs',
    '150 ns',
    '250 ms',
    '78.0 s',
    '3 min 20 s',
    '3 min 0 s',
    '0 s',
  ])
  t.strictSame([0.5, 90, 1800, 126].map(timeLimit), ['0.5 s', '90 s', '30 min', '2 min 6 s'])
  t.strictSame([['a'], ['a', 'b'], ['a', 'b', 'c'], []].map(listed), ['a', 'a and b', 'a, b and c', ''])
})

t.test('a trial as one command', async (t) => {
  const confine = sh`taskset -c 0`
  const command = renderCommand(trialScript({ argv: ['printf', 'a b\\n%s\\n', "it's"], confine }))
  const { stdout } = await run('/bin/sh', ['-c', command])
  const parts = splitTrial(stdout)
  t.equal(parts?.workload, "a b\nit's\n")
  t.ok((parts?.after.uptimeS ?? 0) >= (parts?.before.uptimeS ?? 1), 'read before and after')
  t.equal(splitTrial(stdout.slice(0, stdout.indexOf('@@hvlab after'))), null, 'cut output has no parts')
  const spins = ['sh', '-c', 'i=0; while [ "$i" -lt 200000 ]; do i=$((i + 1)); done']
  const counted = splitTrial(
    (await run('/bin/sh', ['-c', renderCommand(trialScript({ argv: spins }))])).stdout,
  )
  const cpuS = difference(counted?.before.childrenS ?? null, counted?.after.childrenS ?? null)
  t.ok(cpuS !== null && cpuS > 0.02, `CPU-seconds of the workload are counted: ${cpuS}`)

  // `virsh` stands for any command here: what counts is that it is called to resume, however the trial ends.
  const folder = t.testdir({ slow: { setsid: '#!/bin/sh\nsleep 1\nexec /usr/bin/setsid "$@"\n' } })
  const log = join(folder, 'log')
  const slow = join(folder, 'slow')
  const suspend = {
    virsh: sh`LC_ALL=C env LOG=${log} sh -c ${'echo "$@" >> "$LOG"'} virsh`,
    domains: ['lab-a', 'lab b'],
  }
  const failed = await run('/bin/sh', ['-c', renderCommand(trialScript({ argv: ['false'], suspend }))]).catch(
    (error: { code: number }) => error,
  )
  t.match(failed, { code: 1 }, 'the exit code is the workload’s')
  const calls = 'suspend lab-a\nsuspend lab b\nresume lab-a\nresume lab b\n'
  t.equal(readFileSync(log, 'utf8'), calls)

  const script = renderCommand(trialScript({ argv: ['sh', '-c', 'echo under way; exec sleep 30'], suspend }))
  const child = execFile('setsid', ['/bin/sh', '-c', script])
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (text: string) => {
      if (String(text).includes('under way')) resolve()
    })
  })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  process.kill(-(child.pid ?? 0), 'SIGTERM')
  t.equal(await ended, 143, 'ended by the signal')
  t.equal(
    readFileSync(log, 'utf8'),
    calls.repeat(2),
    'resumed although the whole process group was told to end',
  )

  // SIGKILL leaves no shell to run a trap, and a reader that is gone ends it by SIGPIPE, which runs none either.
  chmodSync(join(slow, 'setsid'), 0o755)
  for (const how of ['SIGKILL to the process group', 'SIGKILL at once', 'nobody reads the output']) {
    const before = readFileSync(log, 'utf8').split('\n').length
    const brief = [
      'sh',
      '-c',
      how.startsWith('SIGKILL') ? 'echo under way; exec sleep 30' : 'echo under way; sleep 0.2',
    ]
    const again = execFile(
      '/usr/bin/setsid',
      ['/bin/sh', '-c', renderCommand(trialScript({ argv: brief, suspend }))],
      how.endsWith('at once') ? { env: { ...process.env, PATH: `${slow}:${process.env['PATH']}` } } : {},
    )
    await new Promise<void>((resolve) => {
      again.stdout?.on('data', (text: string) => {
        if (String(text).includes('under way')) resolve()
      })
    })
    if (how.startsWith('SIGKILL')) process.kill(-(again.pid ?? 0), 'SIGKILL')
    else again.stdout?.destroy()
    const calledTo = (): string[] =>
      readFileSync(log, 'utf8')
        .split('\n')
        .slice(before - 1, -1)
    while (calledTo().length < 4) await delay(20)
    t.strictSame(
      calledTo(),
      ['suspend lab-a', 'suspend lab b', 'resume lab-a', 'resume lab b'],
      `resumed after: ${how}`,
    )
  }

  const refused = { ...suspend, virsh: sh`false` }
  const stopped = await run('/bin/sh', [
    '-c',
    renderCommand(trialScript({ argv: ['true'], suspend: refused })),
  ]).catch((error: { code: number }) => error)
  t.match(stopped, { code: 97 }, 'a guest that cannot be suspended stops the trial')
})

t.test('the machine that measures', async (t) => {
  const { stdout } = await run('/bin/sh', ['-c', renderCommand(measuringMachine.command())])
  t.match(measuringMachine.parse({ exitCode: 0, stdout, stderr: '' }), {
    kernel: /^Linux /,
    hasTaskset: true,
  })
  const asked = async (name: string): Promise<InstalledTool> => {
    const answer = await run('/bin/sh', ['-c', renderCommand(installedTool.command(name))])
    return installedTool.parse({ exitCode: 0, stdout: answer.stdout, stderr: '' }, name)
  }
  t.match(await asked('bash'), {
    name: 'bash',
    path: /^\//,
    version: /^\d+\.\d+/,
    sha256: /^[0-9a-f]{64}$/,
  })
  t.equal(await asked('no-such-tool'), null)
  const said = (version: string): string =>
    `@@path\n/usr/bin/x\n@@version\n${version}\n@@sha256\n${'ab'.repeat(32)}  /usr/bin/x\n`
  const versions = [
    'sysbench 1.0.20',
    'fio-3.33',
    'iperf 3.12 (cJSON 1.7.15)',
    'stress-ng, version 0.15.06 (gcc)',
  ]
  t.strictSame(
    versions.map(
      (text) => installedTool.parse({ exitCode: 0, stdout: said(text), stderr: '' }, 'x')?.version,
    ),
    ['1.0.20', '3.33', '3.12', '0.15.06'],
  )
  t.strictSame(firstCpus('0-3,8', 2), [0, 1])
  t.strictSame(firstCpus('2,4-5,9', 3), [2, 4, 5])
  t.strictSame(firstCpus('0-1', 4), [0, 1], 'no more than there are')
  t.strictSame(firstCpus('', 2), [])
})

// ---- comparison and findings, from a made-up benchmark whose every figure is chosen

interface Shape {
  /** Workload id to the values of native and guest, block by block. */
  readonly values: Readonly<Record<string, readonly [readonly number[], readonly number[]]>>
  readonly clocksource?: string | null
  readonly sample?: Partial<Sample>
  readonly native?: Partial<Environment>
  readonly guest?: Partial<Environment>
  readonly cpus?: number[]
  readonly design?: Partial<Design>
  readonly stops?: readonly Omit<Stop, 'hypervisor' | 'workload'>[]
}

function benchmark(shape: Shape): Benchmark {
  const memory = (id: string, bytes: number) => ({
    id,
    title: id === 'memory-1k' ? '1 KiB memory writes' : '1 MiB memory writes',
    tool: 'sysbench',
    parser: 'sysbench-memory' as const,
    argv: ['sysbench', 'memory', 'run'],
    block_bytes: bytes,
    clock_reads_per_operation: 2,
    metrics: [{ field: 'mib_per_s', title: 'bandwidth', unit: 'MiB/s', better: 'higher' as const }],
  })
  const design: Design = {
    hypervisor: 'node',
    profile: 'quick',
    workloads: [
      {
        id: 'cpu',
        title: 'Computing primes',
        tool: 'sysbench',
        parser: 'sysbench-cpu' as const,
        argv: ['sysbench', 'cpu', 'run'],
        metrics: [{ field: 'events_per_s', title: 'events', unit: 'events/s', better: 'higher' as const }],
      },
      memory('memory-1k', 1024),
      memory('memory-1m', 1024 ** 2),
    ].filter(({ id }) => id in shape.values),
    subjects: pair(shape.cpus && { cpus: shape.cpus }),
    blocks: 4,
    duration_s: 3,
    memory_limit_by: null,
    precision_percent: null,
    budget_s: null,
    most_repeats: 2,
    threads: 1,
    seed: 1,
    ...shape.design,
  }
  const environment = (subject: 'native' | 'guest'): Environment => ({
    hypervisor: 'node',
    subject,
    kind: subject,
    os: 'Debian',
    kernel: 'Linux 6.1',
    cpu_model: 'CPU',
    cpus_online: 2,
    cpus_used: null,
    memory_mib: 1000,
    governor: null,
    platform: null,
    virtualization: [],
    boot: null,
    login_s: null,
    clocksource: 'tsc',
    clocksources_available: [],
    tools: [{ name: 'sysbench', version: '1.0.20', path: '/usr/bin/sysbench', sha256: 'aa'.repeat(32) }],
    domain: null,
    hypervisor_software: null,
    ...shape[subject],
  })
  const samples = Object.entries(shape.values).flatMap(([workload, sides]) =>
    sides.flatMap((values, side) =>
      values.map(
        (value, index): Sample => ({
          hypervisor: 'node',
          subject: side === 0 ? 'native' : 'guest',
          kind: side === 0 ? 'native' : 'guest',
          workload,
          block: index + 1,
          order: index,
          warm_up: false,
          seed: 1,
          started_at: '2026-01-01T00:00:00Z',
          argv: [],
          threads: 1,
          duration_s: 3,
          cpus: null,
          tool_version: '1.0.20',
          metrics: { [workload === 'cpu' ? 'events_per_s' : 'mib_per_s']: value },
          clocksource: side === 0 ? 'tsc' : shape.clocksource === undefined ? 'hpet' : shape.clocksource,
          observed_s: 3.1,
          attempt: 1,
          memory_limit_mib: null,
          cpu_s: 3,
          host_cpu_s: 3,
          clock_drift: 0,
          clock_drift_uncertainty: 0.007,
          noise: quietNoise,
          hypervisor_noise: null,
          qemu: null,
          flags: [],
          raw: '',
          ...shape.sample,
        }),
      ),
    ),
  )
  const stops = (shape.stops ?? []).map((stop) => ({ hypervisor: 'node', workload: 'cpu', ...stop }))
  return {
    ...nothingRecorded,
    design,
    environments: [environment('native'), environment('guest')],
    samples,
    stops,
  }
}

const steady = (value: number): number[] => [value, value, value, value]
const rules = (shape: Shape): string[] => findings(benchmark(shape)).map(({ rule }) => rule)
const textOf = (shape: Shape, rule: string): string | undefined =>
  findings(benchmark(shape)).find((finding) => finding.rule === rule)?.text

t.test('comparison', async (t) => {
  const [cpu] = compare(
    benchmark({
      values: {
        cpu: [
          [1000, 2000, 4000, 1000],
          [100, 400, 400, 50],
        ],
      },
    }),
  )
  t.strictSame(
    cpu?.blocks.map(({ ratio }) => ratio),
    [0.1, 0.2, 0.1, 0.05],
    'paired block by block',
  )
  t.equal(cpu?.slowdown.centre.toFixed(6), '10.000000')
  t.equal(cpu?.efficiencyPercent.centre.toFixed(6), '10.000000')
  t.equal(cpu?.native.median, 1500)
  const half = benchmark({ values: { cpu: [[1000, 1000], [100]] } })
  t.equal(compare(half)[0]?.blocks.length, 1, 'a block without its other half does not count')
  const warm = { ...half, samples: half.samples.map((sample) => ({ ...sample, warm_up: true })) }
  t.strictSame(compare(warm), [], 'warm-ups do not count')
  t.equal(answer(compare(warm)), 'No workload has a complete pair of native and guest figures.')
  const slow = { cpu: [steady(4380), steady(430)], 'memory-1m': [steady(25000), steady(3000)] } as const
  t.equal(
    answer(compare(benchmark({ values: slow }))),
    'The guest guest on node is 10.2 × slower at computing primes and 8.3 × at 1 MiB memory writes.',
  )
  const near = { cpu: [steady(4380), steady(4300)], 'memory-1m': [steady(25000), steady(24000)] } as const
  t.equal(
    answer(compare(benchmark({ values: near }))),
    'The guest guest on node reaches 98.2 % of native speed at computing primes and 96.0 % at 1 MiB memory writes.',
  )
  const mixed = { cpu: [steady(4380), steady(438)], 'memory-1m': [steady(100), steady(30000)] } as const
  t.equal(
    answer(compare(benchmark({ values: mixed }))),
    'The guest guest on node is 10.0 × slower at computing primes, but 300 × faster at 1 MiB memory writes.',
    'what is faster is not called slower',
  )
  const faster = { cpu: [steady(100), steady(200)] } as const
  t.equal(
    answer(compare(benchmark({ values: faster }))),
    'The guest guest on node is 2.0 × faster at computing primes.',
  )
  const unsure = {
    cpu: [steady(4380), steady(438)],
    'memory-1m': [
      [100, 100, 100],
      [90, 101, 102],
    ],
  } as const
  t.equal(
    answer(compare(benchmark({ values: unsure }))),
    'The guest guest on node is 10.0 × slower at computing primes. No difference from native is shown at 1 MiB memory writes.',
    'an interval that holds 1 proves nothing',
  )
  const comparison = compare(benchmark({ values: { cpu: [steady(1), steady(1)] } }))[0]
  if (comparison === undefined) throw new Error('nothing to compare')
  const six = (factor: (index: number) => number) =>
    [0, 1, 2, 3, 4, 5].map((index) => ({
      ...comparison,
      workload: { ...comparison.workload, id: `w${index}`, title: `Workload ${index}` },
      slowdown: { centre: factor(index) },
      efficiencyPercent: { centre: 100 / factor(index) },
    }))
  t.equal(
    answer(six((index) => 1.5 + index)),
    'The guest guest on node is 1.50–6.5 × slower: most at workload 5 (6.5 ×), least at workload 0 (1.50 ×).',
    'of many workloads the ends are named',
  )
  t.equal(
    answer(six((index) => 1.01 + index / 100)),
    'The guest guest on node reaches 94.3–99.0 % of native speed: most at workload 0 (99.0 %), least at workload 5 (94.3 %).',
  )
})

t.test('doubt about the answer', async (t) => {
  const values = { cpu: [steady(1000), steady(100)] } as const
  const noisyUpTo = (block: number) => {
    const { samples, ...rest } = benchmark({ values })
    const flagged = samples.map((one) => (one.block <= block ? { ...one, flags: ['host-other-work'] } : one))
    return doubt(compare({ ...rest, samples: flagged }))
  }
  t.equal(noisyUpTo(2), '', 'half of the blocks are clean')
  t.equal(noisyUpTo(3), 'The machine was not quiet: 3 of 4 ratios are of trials that failed a gate on noise.')
  t.equal(doubt([]), '')
  t.equal(
    doubt(
      compare(
        benchmark({
          values: {
            cpu: [
              [1000, 1010],
              [100, 101],
            ],
          },
        }),
      ),
    ),
    'Each figure is of 2 blocks at most: too few to say how far chance moved it.',
  )
  t.equal(
    doubt(compare(benchmark({ values: { cpu: [[1000], [100]] } }))),
    'Each figure is of one block: nothing here says how far chance moved it.',
  )
})

t.test('percentages and factors of any size and sign', async (t) => {
  const written: [string, string][] = [
    [percent(-150), '−150 %'],
    [percent(-3863), '−3,863 %'],
    [percent(-12.34), '−12.3 %'],
    [percent(-0.5), '−0.50 %'],
    [percent(0), '0.0 %'],
    [percent(0.0000001), '0.00000010 %'],
    [times(10_092_941), '10,092,941 ×'],
    [times(0.0000001), '0.00000010 ×'],
    [times(19.96), '20 ×'],
    [times(19.94), '19.9 ×'],
    [times(1.996), '2.0 ×'],
    [times(1.994), '1.99 ×'],
  ]
  for (const [text, expected] of written) t.equal(text, expected)
})

t.test('a difference that the interval does not show is not told', async (t) => {
  const values = {
    cpu: [steady(1000), steady(100)],
    'memory-1k': [
      [1000, 1000, 1000, 1000, 1000, 1000],
      [500, 1100, 700, 1200, 600, 900],
    ],
  } as const
  t.equal(
    answer(compare(benchmark({ values }))),
    'The guest guest on node is 10.0 × slower at computing primes. No difference from native is shown at 1 KiB memory writes.',
  )
})

t.test('findings about the clock', async (t) => {
  const values = {
    'memory-1k': [steady(6728), steady(157)],
    'memory-1m': [steady(25000), steady(3872)],
  } as const
  t.equal(
    textOf({ values }, 'clock-bound-operations'),
    '1 KiB memory writes look 43 × slower in guest, and 1 MiB memory writes only 6.5 ×, which points at the clock, not the memory. ' +
      'The guest reads its time from hpet, a device that is emulated, and sysbench reads the clock 2 times around every operation. ' +
      'An operation takes 6.22 µs in the guest and 145 ns natively; moving its bytes accounts for 252 ns of it, which leaves at most 2.98 µs for each clock read. ' +
      'The workload clock measures that. Read the figure for 1 MiB memory writes as the speed of memory.',
  )
  t.strictSame(rules({ values, clocksource: null }), ['clock-source-unknown'], 'no evidence, no claim')
  t.strictSame(rules({ values, clocksource: 'kvm-clock' }), ['small-blocks-slow'])
  t.match(
    textOf({ values, clocksource: 'kvm-clock' }, 'small-blocks-slow'),
    /so the clock is an unlikely cause\.$/,
  )
  const alike = {
    'memory-1k': [steady(6728), steady(900)],
    'memory-1m': [steady(25000), steady(3872)],
  } as const
  t.strictSame(rules({ values: alike }), [], 'blocks that are alike need no explanation')
})

t.test('findings about conditions and noise', async (t) => {
  const values = { cpu: [steady(4380), steady(430)] } as const
  t.strictSame(rules({ values }), [], 'nothing to say about a clean benchmark')
  const cases: [rule: string, shape: Omit<Shape, 'values'> & Partial<Pick<Shape, 'values'>>, text: string][] =
    [
      [
        'native-is-virtual',
        { native: { virtualization: ['docker', 'kvm'] } },
        'node is itself virtual (docker inside kvm): native here means on that system, and what its own layers cost is in neither figure.',
      ],
      [
        'emulated-cpu',
        {
          guest: {
            domain: {
              name: 'lab-guest',
              accelerator: 'tcg',
              reason: 'no vmx or svm.',
              image: null,
              machine: null,
              cpu: null,
              memory_mib: null,
              vcpus: null,
              pinning: [],
              disks: [],
              interfaces: [],
              huge_pages: false,
              memory_source: null,
              memory_nodes: null,
            },
          },
        },
        "guest ran under TCG: QEMU translates every instruction of the guest in software, and the hardware's virtualisation takes no part. Why not KVM: no vmx or svm.",
      ],
      [
        'start-to-login',
        { guest: { login_s: 31.4 } },
        'From the start of its virtual machine to the first login over SSH guest took 31.4 s, in one start that hvlab saw.',
      ],
      [
        'tool-version-differs',
        {
          guest: {
            tools: [{ name: 'sysbench', version: '1.0.18', path: '/usr/bin/sysbench', sha256: null }],
          },
        },
        'sysbench is 1.0.20 on node and 1.0.18 in guest: versions count differently, so part of the difference may be the tool.',
      ],
      [
        'tool-binary-differs',
        {
          guest: {
            tools: [
              { name: 'sysbench', version: '1.0.20', path: '/usr/bin/sysbench', sha256: 'bb'.repeat(32) },
            ],
          },
        },
        'sysbench 1.0.20 is not the same binary on node (sha256 aaaaaaaaaaaa) and in guest (bbbbbbbbbbbb): another compiler can move the figures by some percent.',
      ],
      [
        'fewer-cpus-than-vcpus',
        { cpus: [0] },
        "guest has 2 vCPUs and node could use only 1 CPU: the guest's vCPUs share them.",
      ],
      [
        'faster-than-native',
        { values: { cpu: [steady(100), steady(120)] } },
        'Computing primes: guest measured 120 % of native, and its whole 87.5 % interval is above 100 %. Virtualisation makes nothing faster: the two sides had other conditions or did other work, or it is chance, which puts one of 16 such intervals there where nothing differs.',
      ],
      [
        'contaminated-trials',
        { sample: { flags: ['host-cpu-pressure'] } },
        "8 of 8 trials failed a gate: tasks on node waited for a CPU more than 2 % of the time. Contaminated in the end: 8; they are kept, and the intervals include what disturbed them. guest has as many vCPUs as node has CPUs: QEMU's other threads and what measures share them, which alone can make tasks wait.",
      ],
      [
        'contaminated-trials',
        { sample: { flags: ['guest-throttled', 'from-a-newer-hvlab'], attempt: 3 } },
        '8 of 8 trials failed a gate: a CPU quota or heat slowed the guest down and from-a-newer-hvlab. 8 were taken again. Contaminated in the end: 8; they are kept, and the intervals include what disturbed them.',
      ],
      [
        'memory-not-limited',
        {
          design: {
            subjects: pair({ memory_mib: 2900 }),
          },
        },
        "node could not be held to the guest's 2,900 MiB of memory (neither systemd nor a writable control group). Only a workload that wants more than that, its files in the cache included, is compared unfairly.",
      ],
      [
        'budget-spent',
        { design: { budget_s: 90 }, stops: [{ blocks: 4, reason: 'budget' }] },
        'The time budget of 90 s was spent after 4 of 4 blocks.',
      ],
      [
        'not-precise',
        {
          design: { precision_percent: 2, blocks: 20 },
          stops: [{ blocks: 20, reason: 'most-blocks' }],
          values: { cpu: [Array(20).fill(1000), Array.from({ length: 20 }, (_, at) => 100 + (at % 2) * 9)] },
        },
        'The intervals asked for are no wider than ± 2 %, and all blocks were measured before that: Computing primes (± 4.4 % after 20 blocks).',
      ],
      [
        'not-precise',
        {
          design: { precision_percent: 2, blocks: 20, budget_s: 1800 },
          stops: [{ blocks: 4, reason: 'budget' }],
        },
        'The intervals asked for are no wider than ± 2 %, and the time budget of 30 min was spent before that: Computing primes (no interval after 4 blocks).',
      ],
      [
        'noise-not-known',
        { sample: { noise: { ...quietNoise, psi_cpu_s: null } } },
        "node's kernel shows no CPU pressure (/proc/pressure/cpu), so nobody knows whether other work disturbed 8 trials.",
      ],
      [
        'clock-drift',
        { sample: { clock_drift: -0.031, flags: ['clock-drift'] } },
        "The clock of node and the controller's disagree in 4 of 4 trials, by up to 3.1 %: rates measured with it are wrong by as much.",
      ],
      [
        'too-few-blocks',
        {
          values: {
            cpu: [
              [100, 100],
              [10, 10],
            ],
          },
        },
        'Too few blocks for an interval of guest: Computing primes (2 complete blocks).',
      ],
      [
        'wide-interval',
        { values: { cpu: [steady(1000), [100, 50, 200, 100]] } },
        "The interval of guest's slowdown is wider than ± 10 %: Computing primes (5.0–20 ×). Read it as an order of magnitude, or measure more blocks on a quieter machine.",
      ],
    ]
  for (const [rule, shape, text] of cases) t.equal(textOf({ values, ...shape }, rule), text, rule)
  const steadyClock = benchmark({ values })
  const late = steadyClock.samples.map((sample, index) =>
    index === 0
      ? { ...sample, clock_drift: 0.039, flags: ['clock-drift'] }
      : { ...sample, clock_drift: 0.001 },
  )
  t.equal(
    findings({ ...steadyClock, samples: late }).find(({ rule }) => rule.startsWith('clock-'))?.text,
    "The clock of node and the controller's disagree in 1 of 4 trials, by up to 3.9 %. In the middle of all of them it is 0.10 %, and the comparison has an error of ± 0.70 %: in those trials the clock jumped, or the lines that tell its time came late.",
  )
})
