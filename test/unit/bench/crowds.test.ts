import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { compare } from '../../../src/bench/comparison.ts'
import type { Crowd } from '../../../src/bench/crowd-record.ts'
import { crowding, jainIndex } from '../../../src/bench/crowding.ts'
import { crowdFindings } from '../../../src/bench/findings/crowd-findings.ts'
import { findings } from '../../../src/bench/findings/finding.ts'
import type { Benchmark, Design, Sample } from '../../../src/bench/record.ts'
import type { Workload } from '../../../src/bench/workload-file.ts'
import type { CommandResult } from '../../../src/model/command.ts'
import type { ModuleContext } from '../../../src/model/module-context.ts'
import { measureCrowds, roundsOf } from '../../../src/modules/benchmark/crowds.ts'
import { measureScenarios } from '../../../src/modules/benchmark/scenarios.ts'
import { scratchFolder } from '../../../src/modules/benchmark/scratch-folder.ts'
import { loadWorkloads } from '../../../src/modules/benchmark/workloads.ts'
import { crowdRows } from '../../../src/reports/crowd-rows.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { quietNoise } from '../../support/quiet-noise.ts'
import { thisMachine } from '../../support/this-machine.ts'

const guest = (id: string) => ({
  id,
  kind: 'guest' as const,
  baseline: 'native',
  domain: null,
  cpus: null,
  vcpus: 1,
  memory_mib: null,
})

const designOf = (workloads: Workload[], guests: string[], blocks = 2): Design => ({
  hypervisor: 'node',
  profile: 'quick',
  workloads,
  subjects: [
    { ...guest('native'), kind: 'native', baseline: null, cpus: [0] },
    ...guests.map((id) => guest(id)),
  ],
  blocks,
  precision_percent: null,
  budget_s: null,
  most_repeats: 0,
  memory_limit_by: null,
  duration_s: 1,
  threads: 1,
  seed: 7,
})

t.test(
  'rounds: every number of guests in every block, one among them, another guest first each time',
  async (t) => {
    const workloads = await loadWorkloads([packageRoot], ['cpu', 'memory-1m'])
    const rounds = roundsOf(designOf(workloads, ['a', 'b', 'c']), ['contention', 'neighbour'])
    t.strictSame(
      rounds
        .filter(({ workload, block }) => workload.id === 'cpu' && block === 1)
        .map(({ scenario, measured, neighbours }) =>
          [scenario, ...measured.map(({ id }) => id), '|', ...neighbours.map(({ id }) => id)].join(' '),
        )
        .sort(),
      ['contention b c a |', 'contention b c |', 'contention b |', 'neighbour b | c a'],
    )
    t.equal(rounds.length, 2 * 2 * 4)
    t.strictSame(
      rounds
        .filter(({ scenario }) => scenario === 'neighbour')
        .map(({ measured }) => measured[0]?.id)
        .sort(),
      ['b', 'b', 'c', 'c'],
    )
    t.strictSame(
      roundsOf(designOf(workloads, ['a']), ['contention']),
      [],
      'one guest has nobody to contend with',
    )
  },
)

t.test('guests begin together and are recorded together', async (t) => {
  const home = t.testdir({})
  const commands: string[] = []
  /** A guest is this machine with a scratch folder of its own. */
  const peer = (name: string) => {
    mkdirSync(join(home, name), { recursive: true })
    return thisMachine((text) => {
      const own = text.replaceAll(scratchFolder, join(home, name))
      commands.push(own)
      return own
    })
  }
  const recorded: unknown[] = []
  const said: string[] = []
  const context = {
    peer,
    signal: new AbortController().signal,
    progress: () => {},
    note: () => {},
    output: (_: string, text: string) => said.push(text),
    record: (channel: string, data: unknown) => recorded.push([channel, data]),
  } as unknown as ModuleContext
  const [cpu, syscall] = await loadWorkloads([packageRoot], ['cpu', 'syscall'])
  if (cpu === undefined || syscall === undefined) throw new Error('both are there')
  const design = designOf([syscall], ['a', 'b'], 1)
  const { crowds, blocks } = await measureCrowds(context, design, {
    scenarios: ['contention', 'neighbour'],
    load: syscall,
    started: performance.now(),
  })
  t.equal(blocks, 1)
  t.equal(crowds.length, 3)
  t.strictSame(
    recorded.map((entry) => (entry as [string])[0]),
    ['crowd', 'crowd', 'crowd'],
  )
  for (const { scenario, measured, samples, skew_s } of crowds) {
    t.ok(samples.length === 1 ? samples[0]?.subject === 'b' : samples.length === 2)
    t.equal(measured.length, scenario === 'contention' ? samples.length : 1)
    t.ok(skew_s !== null && skew_s >= 0, `begun within ${skew_s} s`)
    t.ok(samples.every(({ metrics }) => (metrics['ns_per_operation'] ?? 0) > 0))
  }
  t.match(said.toSorted(), [
    /^syscall contention of 1: b [\d.,]+ ns$/,
    /^syscall contention of 2: b [\d.,]+, a [\d.,]+ ns, begun within \d+ ms$/,
    /^syscall neighbour of 2: b [\d.,]+ ns, begun within \d+ ms$/,
  ])
  t.equal(commands.filter((text) => text.includes('echo go')).length, 5, 'each is let go once')

  const longer = await measureCrowds(context, designOf([{ ...syscall, duration_s: 2 }], ['a', 'b'], 1), {
    scenarios: ['neighbour'],
    load: syscall,
    started: performance.now(),
  })
  t.strictSame(
    longer.crowds.find(({ samples }) => samples.length === 2)?.samples.map(({ duration_s }) => duration_s),
    [2, 2],
    'a neighbour works as long as a workload that always takes its own time',
  )

  const spent = { ...designOf([syscall], ['a', 'b'], 2), budget_s: 1, duration_s: 0.5 }
  const plan = { scenarios: ['contention'] as const, load: syscall, started: performance.now() - 2000 }
  const cut = await measureScenarios(context, spent, plan)
  t.strictSame(
    cut.crowds.map(({ block }) => block),
    [1, 1],
    'the budget is spent, and one block is measured all the same',
  )
  t.match(cut.skipped, [
    {
      what: 'The rest of the scenario contention',
      why: 'the time budget of 1 s was spent after 1 block of 2',
    },
  ])
})

t.test('guests whose lines come late do not begin late', async (t) => {
  const home = t.testdir({})
  const lateMs = 700
  /** What b prints once it works comes late, as from a guest without a CPU to spare. */
  const peer = (name: string) => {
    mkdirSync(join(home, name), { recursive: true })
    const machine = thisMachine((text) => text.replaceAll(scratchFolder, join(home, name)))
    if (name !== 'b') return machine
    return {
      run: async (...[command, options = {}]: Parameters<typeof machine.run>) => {
        const late: Promise<void>[] = []
        const result = await machine.run(command, {
          ...options,
          onOutput: (stream, text) => {
            const hand = () => options.onOutput?.(stream, text)
            if (text.includes('@@hvlab waiting')) hand()
            else late.push(sleep(lateMs).then(hand))
          },
        })
        await Promise.all(late)
        return result
      },
    }
  }
  const context = {
    peer,
    signal: new AbortController().signal,
    progress: () => {},
    note: () => {},
    output: () => {},
    record: () => {},
  } as unknown as ModuleContext
  const [syscall] = await loadWorkloads([packageRoot], ['syscall'])
  if (syscall === undefined) throw new Error('it is there')
  const { crowds } = await measureCrowds(context, designOf([syscall], ['a', 'b'], 1), {
    scenarios: ['contention'],
    load: syscall,
    started: performance.now(),
  })
  const skews = crowds.flatMap(({ samples, skew_s }) => (samples.length > 1 ? (skew_s ?? lateMs) : []))
  t.equal(skews.length, 1)
  t.ok((skews[0] ?? lateMs) < (0.8 * lateMs) / 1000, `begun within ${skews[0]} s`)
})

t.test('what of the scenarios is left out', async (t) => {
  const recorded: unknown[] = []
  const context = {
    host: 'node',
    signal: new AbortController().signal,
    record: (_: string, data: unknown) => recorded.push(data),
  } as unknown as ModuleContext
  const [net, cpu] = await loadWorkloads([packageRoot], ['net-host', 'cpu'])
  if (net === undefined || cpu === undefined) throw new Error('both are there')
  const plan = { scenarios: ['contention', 'neighbour'] as const, load: cpu, started: performance.now() }
  const said = async (guests: string[]) =>
    (await measureScenarios(context, designOf([net], guests), plan)).skipped.map(
      ({ what, why }) => `${what}: ${why}`,
    )
  t.strictSame(await said(['a']), [
    'The scenario contention: it needs two guests, and there is only a',
    'The scenario neighbour: it needs two guests, and there is only a',
  ])
  t.strictSame(await said(['a', 'b']), [
    'The workload net-host in several guests at once: the other end of a network workload serves one guest',
  ])
  t.equal(recorded.length, 3)
})

t.test('a guest that never comes ends the round', async (t) => {
  const home = t.testdir({})
  const lost = { exitCode: 98, stdout: '', stderr: '' } as CommandResult
  const context = {
    peer: () => ({ run: async () => lost }),
    signal: new AbortController().signal,
    progress: () => {},
    runDirectory: home,
  } as unknown as ModuleContext
  const workloads = await loadWorkloads([packageRoot], ['cpu'])
  const [load] = workloads
  if (load === undefined) throw new Error('it is there')
  await t.rejects(
    measureCrowds(context, designOf(workloads, ['a', 'b'], 1), {
      scenarios: ['contention'],
      load,
      started: performance.now(),
    }),
    {
      message: /^cpu on [ab] in round 1 of contention: the guests did not begin together within a minute\.$/,
      failure: { code: 'benchmark-guest-lost' },
    },
  )
})

// ---- figures, with values that are chosen

const sample = (subject: string, workload: Workload, value: number, block: number): Sample => ({
  hypervisor: 'node',
  subject,
  kind: subject === 'native' ? 'native' : 'guest',
  workload: workload.id,
  block,
  order: block,
  attempt: 1,
  warm_up: false,
  seed: 1,
  started_at: '',
  argv: [],
  threads: 1,
  duration_s: 1,
  cpus: null,
  memory_limit_mib: null,
  tool_version: null,
  metrics: { [workload.metrics[0]?.field ?? '']: value },
  clocksource: 'tsc',
  observed_s: 1,
  cpu_s: null,
  host_cpu_s: null,
  clock_drift: null,
  clock_drift_uncertainty: null,
  noise: quietNoise,
  hypervisor_noise: null,
  qemu: null,
  flags: [],
  raw: '',
})

t.test('what guests cost each other', async (t) => {
  const workloads = await loadWorkloads([packageRoot], ['cpu'])
  const [cpu] = workloads
  if (cpu === undefined) throw new Error('it is there')
  const crowd = (scenario: Crowd['scenario'], values: Record<string, number>, block: number): Crowd => ({
    hypervisor: 'node',
    scenario,
    workload: 'cpu',
    block,
    measured: scenario === 'contention' ? Object.keys(values) : Object.keys(values).slice(0, 1),
    skew_s: block / 10,
    samples: Object.entries(values).map(([subject, value]) => sample(subject, cpu, value, block)),
  })
  const benchmark: Benchmark = {
    design: designOf(workloads, ['a', 'b'], 3),
    environments: [],
    stops: [],
    samples: [1, 2, 3].flatMap((block) => [
      sample('native', cpu, 1000, block),
      sample('a', cpu, 100, block),
      sample('b', cpu, 120, block),
    ]),
    crowds: [
      crowd('contention', { a: 50, b: 60 }, 1),
      crowd('contention', { a: 40, b: 60 }, 2),
      crowd('contention', { a: 50, b: 30 }, 3),
      crowd('neighbour', { a: 80, b: 90 }, 1),
    ],
    skipped: [
      { hypervisor: 'node', what: 'The workload net-guest', why: 'it needs two guests', guest: null },
    ],
  }
  const comparisons = compare(benchmark)
  t.notOk(findings(benchmark).some(({ rule }) => rule === 'clock-source-changed'))
  const switched = benchmark.crowds.map((one) => ({
    ...one,
    samples: one.samples.map((each) =>
      each.subject === 'b' && each.block > 1 ? { ...each, clocksource: 'hpet' } : each,
    ),
  }))
  t.match(
    findings({ ...benchmark, crowds: switched }).find(({ rule }) => rule === 'clock-source-changed'),
    { about: 'b', text: /^b changed its clock source during the benchmark \(tsc and hpet\)/ },
    'a kernel that takes another clock in the middle of a scenario',
  )
  // As older records are: guests alone were measured in the benchmark only.
  const [together, neighbour] = crowding(benchmark, comparisons)
  t.match(together, {
    guests: 2,
    rounds: 3,
    each: { median: 50, min: 30, max: 60 },
    together: { median: 100 },
    slowest: 4,
    latestStartS: 0.3,
  })
  t.equal(together?.together?.timesAlone.toFixed(4), (40 / 100 + 60 / 120).toFixed(4), 'each against itself')
  t.equal(
    together?.fairness?.toFixed(4),
    jainIndex([40 / 100, 60 / 120]).toFixed(4),
    'the median of the rounds',
  )
  t.strictSame(
    together?.slowdowns.map(({ value }) => value.toFixed(4)),
    ['2.0000', Math.sqrt(2.5 * 2).toFixed(4), Math.sqrt(2 * 4).toFixed(4)],
    'guests of one round are not independent: each round counts once',
  )
  t.equal(together?.slowdown.level, 0.75, 'three rounds are three observations, not six')
  t.match(neighbour, { guests: 2, together: null, fairness: null, each: { median: 80 } })
  t.equal(neighbour?.slowdown.centre.toFixed(4), '1.2500')
  t.equal(jainIndex([1, 1, 1, 1]), 1)
  t.equal(jainIndex([1, 0, 0, 0]), 0.25)
  t.strictSame(
    crowdFindings(benchmark, comparisons).map(({ rule, text }) => `${rule}: ${text}`),
    [
      'not-measured: The workload net-guest was not measured on node: it needs two guests.',
      'contention-cost: Computing primes in 2 guests at once on node: a guest takes 2.2 × as long as alone, 4.0 × at worst. The 75 % interval is 2.0–2.8 ×. Together they do 0.90 × the work of one.',
      'contention-skew: Computing primes in 2 guests at once on node: the last began 0.30 s after the first, 30.0 % of a trial, in which others were alone.',
      'neighbour-cost: Computing primes beside 1 busy neighbour on node: a guest takes 1.25 × as long as alone, 1.25 × at worst. Too few rounds for an interval.',
    ],
  )
  const disturbed = benchmark.crowds.map((crowd, index) => ({
    ...crowd,
    samples: crowd.samples.map((one) => ({ ...one, flags: index === 0 ? ['host-other-work'] : [] })),
  }))
  t.equal(
    crowdFindings({ ...benchmark, crowds: disturbed }, comparisons).at(-1)?.text,
    '2 of 8 trials in rounds of guests failed a gate: other work on node took more than 25 % of a CPU. A round is not taken again for that.',
  )
  t.strictSame(crowdRows([together, neighbour].filter((cell) => cell !== undefined)).at(-1), [
    'Computing primes',
    '1, and 1 beside it',
    '1.25 ×',
    '—',
    '80.0 events/s',
    '80.0',
    '—',
    '—',
    '—',
    '0.10 s',
  ])
})

t.test('a guest in company is held against a round alone in the same block', async (t) => {
  const workloads = await loadWorkloads([packageRoot], ['cpu'])
  const [cpu] = workloads
  if (cpu === undefined) throw new Error('it is there')
  const round = (
    scenario: Crowd['scenario'],
    block: number,
    values: Readonly<Record<string, number>>,
    flags: string[] = [],
  ): Crowd => ({
    hypervisor: 'node',
    scenario,
    workload: 'cpu',
    block,
    measured: Object.keys(values).slice(0, scenario === 'contention' ? undefined : 1),
    skew_s: 0,
    samples: Object.entries(values).map(([subject, value]) => ({
      ...sample(subject, cpu, value, block),
      flags,
    })),
  })
  // The machine was twice as fast while the benchmark itself ran: what guests cost each other must not depend on that.
  const benchmark: Benchmark = {
    design: designOf(workloads, ['a', 'b'], 3),
    environments: [],
    stops: [],
    samples: [1, 2, 3].flatMap((block) => [
      sample('native', cpu, 2000, block),
      sample('a', cpu, 180, block),
      sample('b', cpu, 220, block),
    ]),
    crowds: [
      round('contention', 1, { a: 80 }, ['host-cpu-pressure']),
      round('contention', 1, { a: 40, b: 60 }),
      round('neighbour', 1, { a: 64, b: 1 }),
      round('contention', 2, { b: 55, a: 50 }),
      round('contention', 2, { b: 110 }),
      round('contention', 3, { a: 100 }),
      round('contention', 3, { a: 25, b: 60 }),
    ],
    skipped: [],
  }
  const [contention, neighbour, ...more] = crowding(benchmark, compare(benchmark))
  t.strictSame(more, [], 'one guest alone is no crowd')
  t.strictSame(contention?.slowdowns, [
    { value: 2, noisy: true },
    { value: 2, noisy: false },
    { value: 4, noisy: false },
  ])
  t.match(contention, { rounds: 3, guests: 2, slowest: 90 / 25 })
  t.equal(
    contention?.together?.timesAlone.toFixed(4),
    (55 / 110 + 50 / 90).toFixed(4),
    'the block in which b was alone: b against that, a against its median, both at the pace of the block',
  )
  const unequal = crowding(
    {
      ...benchmark,
      crowds: [1, 2, 3].flatMap((block) => [
        round('contention', block, block === 2 ? { b: 26 } : { a: 1400 }),
        round('contention', block, { a: 1300, b: 24 }),
      ]),
    },
    compare(benchmark),
  )
  t.match(unequal, [{ together: { median: 1324 } }])
  t.equal(
    unequal[0]?.together?.timesAlone.toFixed(3),
    (1300 / 1400 + 24 / 26).toFixed(3),
    'a guest that is slow by itself does not make the other do fifty times the work of one',
  )
  t.ok((unequal[0]?.fairness ?? 0) > 0.999, 'and got as much as the other')
  t.equal(neighbour?.slowdown.centre.toFixed(4), '1.2500')
  const apart = benchmark.crowds.map((one) => ({ ...one, skew_s: one.samples.length > 1 ? 0.5 : 0 }))
  t.strictSame(
    crowdFindings({ ...benchmark, crowds: apart }, compare(benchmark))
      .filter(({ rule }) => rule === 'contention-skew')
      .map(({ text }) => text.split(':')[0]),
    ['Computing primes in 2 guests at once on node', 'Computing primes beside 1 busy neighbour on node'],
  )
  t.strictSame(crowdRows(contention === undefined ? [] : [contention])[0]?.slice(1, 4), [
    '2',
    '2.0 ×',
    '2.0–4.0 ×',
  ])
})
