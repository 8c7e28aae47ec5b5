import t from 'tap'
import { compare } from '../../../src/bench/comparison.ts'
import { findings } from '../../../src/bench/findings/finding.ts'
import { chainFinding, pathOf } from '../../../src/bench/findings/layer-findings.ts'
import { layerChains } from '../../../src/bench/layers.ts'
import type { Benchmark } from '../../../src/bench/record.ts'
import { readRecordedRun } from '../../../src/bench/recorded-run.ts'
import { layerRows } from '../../../src/reports/layer-rows.ts'
import { type JournalOptions, journal, recordedEvents } from '../reports/recorded-journal.ts'

t.test('layers inside each other', async (t) => {
  const measured = async (...runs: JournalOptions[]): Promise<Benchmark[]> => {
    const events = runs.flatMap((options) => recordedEvents(options))
    return [...(await readRecordedRun(t.testdir({ 'journal.jsonl': journal(events) }))).benchmarks]
  }
  const chains = (benchmarks: readonly Benchmark[]) => layerChains(benchmarks, benchmarks.flatMap(compare))
  const outer = { hypervisor: 'node-1', guests: ['guest1'], blocks: 6 }
  const inner = { hypervisor: 'guest1', guests: ['guest2'], blocks: 6, seed: 2 }
  t.strictSame(
    chains(await measured(outer, { ...inner, hypervisor: 'node-2' })),
    [],
    'beside each other is no chain',
  )

  const both = await measured(outer, inner)
  const found = chains(both)
  t.strictSame(
    found.map((chain) => `${chain.workload.id}: ${pathOf(chain)}`),
    [
      'cpu: node-1 › guest1 › guest2',
      'memory-1k: node-1 › guest1 › guest2',
      'memory-1m: node-1 › guest1 › guest2',
    ],
  )
  const [cpu] = found
  if (cpu === undefined) throw new Error('no chain')
  const [one, two] = cpu.layers
  const { centre, low = 0, high = 0 } = cpu.slowdown
  t.equal(
    centre.toFixed(6),
    ((one?.slowdown.centre ?? 0) * (two?.slowdown.centre ?? 0)).toFixed(6),
    'the product',
  )
  t.ok(low < centre && centre < high)
  t.equal(low.toFixed(6), ((one?.slowdown.low ?? 0) * (two?.slowdown.low ?? 0)).toFixed(6))
  t.equal(cpu.shares.reduce((sum, share) => sum + share, 0).toFixed(6), '100.000000')
  t.match(
    chainFinding(cpu).text,
    /^Computing primes, node-1 › guest1 › guest2: the layers cost 10\.\d × and 10\.\d ×, which multiplies to 10\d ×\.$/,
  )
  t.match(layerRows(found)[0], [
    'Computing primes',
    'node-1 › guest1 › guest2',
    /^TCG 10\.\d ×, TCG 10\.\d ×$/,
  ])

  const other = both.map((benchmark, index) => ({
    ...benchmark,
    samples: benchmark.samples.map((sample) =>
      index === 0 ? sample : { ...sample, argv: [...sample.argv, '--more'] },
    ),
  }))
  t.strictSame(chains(other), [], 'other arguments are another workload')
  const loop = await measured(outer, { ...inner, guests: ['node-1'] })
  t.strictSame(chains(loop), [], 'names in a circle are no layers')
})

t.test('two accelerators on one machine', async (t) => {
  const events = recordedEvents({ guests: ['a', 'b'] })
  const [benchmark] = (await readRecordedRun(t.testdir({ 'journal.jsonl': journal(events) }))).benchmarks
  if (benchmark === undefined) throw new Error('no benchmark')
  const said = (one: Benchmark): string[] =>
    findings(one).flatMap(({ rule, text }) => (rule === 'emulation-cost' ? [text] : []))
  t.strictSame(said(benchmark), [], 'both emulated: nothing to tell apart')
  const kvm: Benchmark = {
    ...benchmark,
    environments: benchmark.environments.map((environment) =>
      environment.subject === 'b' && environment.domain !== null
        ? { ...environment, domain: { ...environment.domain, accelerator: 'kvm' } }
        : environment,
    ),
    samples: benchmark.samples.map((sample) =>
      sample.subject === 'b' && sample.workload === 'cpu'
        ? {
            ...sample,
            metrics: { ...sample.metrics, events_per_s: (sample.metrics['events_per_s'] ?? 0) * 10 },
          }
        : sample,
    ),
  }
  t.match(said(kvm), [
    /^Computing primes, node-1: 1\.0\d × under KVM \(b\), 10\.\d × under TCG \(a\), so emulation instead of the hardware's virtualisation is (?:9\.\d|10\.\d) × of it\. Factors multiply\.$/,
    /^1 KiB memory writes, node-1: /,
    /^1 MiB memory writes, node-1: /,
  ])
  const larger = kvm.environments.map((environment) =>
    environment.subject === 'b' && environment.domain !== null
      ? { ...environment, domain: { ...environment.domain, vcpus: 4 } }
      : environment,
  )
  t.strictSame(said({ ...kvm, environments: larger }), [], 'nothing of guests that differ in more')
})
