import type { MetricComparison } from '../bench/comparison.ts'
import { resultsHead } from '../bench/results-file.ts'
import type { Value } from '../model/value.ts'
import { plainData } from '../util/json.ts'
import type { HostResults, Results } from './results.ts'

/** `results.json`: the report for programs. Names are snake case, units are in them or beside them. */
export function resultsJson(results: Results): Value {
  return plainData({
    ...resultsHead(results.run),
    answer: results.answer,
    overall: results.overall.map(({ hypervisor, guest, comparisons, slowdown }) => ({
      host: hypervisor,
      guest,
      workloads: comparisons.map(({ workload }) => workload.id),
      geometric_mean_slowdown: slowdown,
    })),
    layers: results.chains.map(({ workload, layers, slowdown, shares }) => ({
      workload: workload.id,
      layers,
      slowdown,
      shares_percent: shares,
    })),
    hosts: results.hosts.map(hostJson),
  })
}

function hostJson({
  benchmark,
  comparisons,
  findings,
  published,
  crowding,
  settingComparisons,
  rangeCoverage,
}: HostResults) {
  return {
    host: benchmark.design.hypervisor,
    ...benchmark,
    comparisons: comparisons.map((comparison) => ({
      guest: comparison.guest,
      baseline: comparison.baseline,
      workload: comparison.workload.id,
      ...metricJson(comparison),
      per_cpu_second: comparison.perCpuSecond === undefined ? null : metricJson(comparison.perCpuSecond),
      other_metrics: comparison.others.map(metricJson),
    })),
    interval: {
      method:
        'interpolated order statistics of the log ratios over blocks (Hettmansperger and Sheather 1986)',
      level: 0.95,
    },
    range_coverage: rangeCoverage,
    findings,
    published: published.map((entry) => ({
      guest: entry.guest,
      workload: entry.workload,
      unit: entry.unit,
      published: entry.published,
      published_overhead: entry.publishedOverhead,
      measured_guest: entry.measuredGuest,
      measured_native: entry.measuredNative,
      measured_overhead_percent: entry.measuredOverheadPercent,
      slowdown: entry.slowdown,
    })),
    crowding: crowding.map((cell) => ({
      scenario: cell.scenario,
      workload: cell.workload.id,
      metric: cell.metric,
      guests: cell.guests,
      rounds: cell.rounds,
      each: cell.each,
      together:
        cell.together === null
          ? null
          : { median: cell.together.median, times_alone: cell.together.timesAlone },
      fairness: cell.fairness,
      slowdown: cell.slowdown,
      slowdowns: cell.slowdowns,
      slowest: cell.slowest,
      latest_start_s: cell.latestStartS,
    })),
    settings: settingComparisons.map(({ setting, workload, guest, reference, slowdown, blocks }) => ({
      setting,
      workload: workload.id,
      guest,
      reference,
      slowdown,
      slowdowns: blocks,
    })),
  }
}

function metricJson(comparison: MetricComparison) {
  return {
    metric: comparison.metric,
    native: comparison.native,
    guest_values: comparison.guestValues,
    blocks: comparison.blocks,
    efficiency_percent: comparison.efficiencyPercent,
    overhead_percent: comparison.overheadPercent,
    slowdown: comparison.slowdown,
  }
}
