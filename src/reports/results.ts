import { answer } from '../bench/answer.ts'
import { type Comparison, compare } from '../bench/comparison.ts'
import { type Crowding, crowding } from '../bench/crowding.ts'
import { type Finding, findings } from '../bench/findings/finding.ts'
import { type Chain, layerChains } from '../bench/layers.ts'
import { type Overall, overall } from '../bench/overall.ts'
import type { Benchmark } from '../bench/record.ts'
import type { RecordedRun } from '../bench/recorded-run.ts'
import { type SettingComparison, settingComparisons } from '../bench/setting-comparison.ts'
import { rankLevel } from '../bench/statistics.ts'
import { type AgainstPublished, againstPublished } from './published.ts'

/** A run, measured out: everything that a report shows, and nothing that it looks like. */
export interface Results {
  readonly run: Omit<RecordedRun, 'benchmarks'>
  /** The result in one sentence. */
  readonly answer: string
  readonly hosts: readonly HostResults[]
  readonly comparisons: readonly Comparison[]
  /** Each guest over all workloads. */
  readonly overall: readonly Overall[]
  /** Layers of virtualisation inside each other, where each was measured. */
  readonly chains: readonly Chain[]
  /** Rows have to name their guest: there are several. */
  readonly manyGuests: boolean
}

export interface HostResults {
  readonly benchmark: Benchmark
  readonly comparisons: readonly Comparison[]
  readonly findings: readonly Finding[]
  readonly published: readonly AgainstPublished[]
  readonly crowding: readonly Crowding[]
  readonly settingComparisons: readonly SettingComparison[]
  /** How surely the range of the blocks holds the true median; 0–1. */
  readonly rangeCoverage: number
}

export function resultsOf(run: RecordedRun): Results {
  const { benchmarks, ...about } = run
  const hosts = benchmarks.map((benchmark): HostResults => {
    const comparisons = compare(benchmark)
    return {
      benchmark,
      comparisons,
      findings: findings(benchmark, comparisons),
      published: againstPublished(benchmark, comparisons),
      crowding: crowding(benchmark, comparisons),
      settingComparisons: settingComparisons(benchmark, comparisons),
      rangeCoverage: rankLevel(benchmark.design.blocks, 1),
    }
  })
  const comparisons = hosts.flatMap((host) => host.comparisons)
  const manyGuests = new Set(comparisons.map(({ hypervisor, guest }) => `${hypervisor} ${guest}`)).size > 1
  return {
    run: about,
    answer: answer(comparisons),
    hosts,
    comparisons,
    overall: overall(comparisons),
    chains: layerChains(benchmarks, comparisons),
    manyGuests,
  }
}
