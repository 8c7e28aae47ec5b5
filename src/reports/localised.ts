import type { Comparison } from '../bench/comparison.ts'
import type { Metric, Workload } from '../bench/workload-file.ts'
import { type Language, upperFirst } from './language.ts'
import type { HostResults, Results } from './results.ts'

/** The same results with every title and sentence in a language; figures stay numbers. */
export function localised(results: Results, { tag, say }: Language): Results {
  if (tag === 'en') return results
  const workload = (one: Workload): Workload => ({
    ...one,
    title: upperFirst(say(one.title)),
    metrics: one.metrics.map(metric),
  })
  const metric = (one: Metric): Metric => ({ ...one, title: say(one.title) })
  const comparison = (one: Comparison): Comparison => ({
    ...one,
    workload: workload(one.workload),
    metric: metric(one.metric),
    others: one.others.map((other) => ({ ...other, metric: metric(other.metric) })),
    ...(one.perCpuSecond && {
      perCpuSecond: { ...one.perCpuSecond, metric: metric(one.perCpuSecond.metric) },
    }),
  })
  const hosts = results.hosts.map((host): HostResults => {
    const { design } = host.benchmark
    return {
      ...host,
      benchmark: { ...host.benchmark, design: { ...design, workloads: design.workloads.map(workload) } },
      comparisons: host.comparisons.map(comparison),
      crowding: host.crowding.map((cell) => ({
        ...cell,
        workload: workload(cell.workload),
        metric: metric(cell.metric),
      })),
      settingComparisons: host.settingComparisons.map((one) => ({
        ...one,
        workload: workload(one.workload),
      })),
      findings: host.findings.map((finding) => ({ ...finding, text: say(finding.text) })),
      published: host.published.map((one) => ({
        ...one,
        title: upperFirst(say(one.title)),
        why: say(one.why),
      })),
    }
  })
  return {
    ...results,
    answer: say(results.answer),
    hosts,
    comparisons: results.comparisons.map(comparison),
    chains: results.chains.map((chain) => ({ ...chain, workload: workload(chain.workload) })),
    overall: results.overall.map((one) => ({ ...one, comparisons: one.comparisons.map(comparison) })),
  }
}
