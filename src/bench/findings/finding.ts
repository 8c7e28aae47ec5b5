import { type Comparison, compare } from '../comparison.ts'
import type { Benchmark } from '../record.ts'
import { bootFindings, loginFindings } from './boot-findings.ts'
import { clockFindings } from './clock-findings.ts'
import { conditionFindings } from './condition-findings.ts'
import { costFindings } from './cost-findings.ts'
import { crowdFindings } from './crowd-findings.ts'
import { layerFindings } from './layer-findings.ts'
import { noiseFindings } from './noise-findings.ts'
import { settingFindings } from './setting-findings.ts'

/** A sentence that the figures prove. Never written without the evidence it names. */
export interface Finding {
  /** Stable name of the rule. */
  readonly rule: string
  /** `caution` = the figures may mislead; `fact` = explains them. */
  readonly level: 'fact' | 'caution'
  /** The hypervisor, or the guest that it is about. */
  readonly about: string
  readonly text: string
}

export type Rule = (benchmark: Benchmark, comparisons: readonly Comparison[]) => Finding[]

/** Order of reading: what the guest is, what bends the figures, what explains them, what disturbed them. */
const rules: readonly Rule[] = [
  conditionFindings,
  clockFindings,
  costFindings,
  bootFindings,
  loginFindings,
  layerFindings,
  crowdFindings,
  settingFindings,
  noiseFindings,
]

export function findings(benchmark: Benchmark, comparisons = compare(benchmark)): Finding[] {
  return rules.flatMap((rule) => rule(benchmark, comparisons))
}
