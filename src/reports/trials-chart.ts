import { contaminated } from '../bench/counting-samples.ts'
import type { Benchmark, Sample } from '../bench/record.ts'
import { spread } from '../bench/statistics.ts'
import { headline, type Workload } from '../bench/workload-file.ts'
import { drawSvg, type EChartsOption, type Size } from './chart.ts'
import type { Language } from './language.ts'

interface Dot {
  readonly order: number
  /** Percent of the median of the same subject and workload. */
  readonly share: number
  readonly kind: Sample['kind']
  readonly noisy: boolean
}

interface Scales {
  readonly trials: readonly [first: number, last: number]
  /** How far from 100 % the axis goes. */
  readonly reach: number
}

/** Two beside each other on a wide page, one on a phone. */
const size: Size = { width: 370, height: 138 }

/**
 * Every trial in the order in which it ran, as a share of its subject's own median, a chart for each workload with the
 * same scales: flat rows of dots are a quiet machine, a slope is one that warmed up or got company. Hollow dots failed a gate.
 */
export async function trialsCharts(
  benchmark: Benchmark,
  { say }: Language,
): Promise<{ readonly title: string; readonly svg: string }[]> {
  const charts = benchmark.design.workloads
    .map((workload) => ({ title: workload.title, dots: dotsOf(benchmark, workload) }))
    .filter(({ dots }) => dots.length > 0)
  const all = charts.flatMap(({ dots }) => dots)
  const reach = Math.max(5, ...all.map(({ share }) => Math.abs(share - 100))) * 1.1
  const step = reach > 40 ? 50 : reach > 15 ? 20 : reach > 6 ? 10 : 5
  const orders = all.map(({ order }) => order + 1)
  const scales: Scales = {
    trials: [Math.min(...orders), Math.max(...orders)],
    reach: Math.ceil(reach / step) * step,
  }
  return Promise.all(
    charts.map(async ({ title, dots }) => ({ title, svg: await drawSvg(option(dots, scales, say), size) })),
  )
}

function option(
  dots: readonly Dot[],
  { trials: [first, last], reach }: Scales,
  say: Language['say'],
): EChartsOption {
  return {
    grid: { left: 46, right: 14, top: 8, bottom: 24 },
    xAxis: {
      type: 'value',
      min: first - 1,
      max: last + 1,
      splitLine: { show: false },
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: {
        customValues: [first, last],
        color: 'var(--muted)',
        fontSize: 11,
        formatter: (value: number) => say(`trial ${value}`),
      },
    },
    yAxis: {
      type: 'value',
      // A rate cannot be below zero.
      min: Math.max(0, 100 - reach),
      max: 100 + reach,
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        customValues: [Math.max(0, 100 - reach), 100, 100 + reach],
        color: 'var(--muted)',
        fontSize: 11,
        formatter: (value: number) => `${value} %`,
      },
    },
    series: [
      {
        type: 'scatter',
        symbolSize: 7,
        silent: true,
        z: 3,
        markLine: {
          z: 1,
          silent: true,
          symbol: 'none',
          label: { show: false },
          lineStyle: { color: 'var(--rule)', type: 'solid', width: 1 },
          data: [{ yAxis: Math.max(0, 100 - reach) }, { yAxis: 100 }, { yAxis: 100 + reach }],
        },
        data: dots.map((dot) => ({
          value: [dot.order + 1, dot.share],
          itemStyle: dot.noisy
            ? { color: 'var(--paper)', borderColor: `var(--${dot.kind})`, borderWidth: 1.5, opacity: 1 }
            : { color: `var(--${dot.kind})`, opacity: 1 },
        })),
      },
    ],
  }
}

function dotsOf({ samples }: Benchmark, workload: Workload): Dot[] {
  const { field } = headline(workload)
  const mine = samples.filter((sample) => sample.workload === workload.id && !sample.warm_up)
  return [...new Set(mine.map(({ subject }) => subject))].flatMap((subject) => {
    const own = mine.filter((sample) => sample.subject === subject && sample.metrics[field] !== undefined)
    const { median } = spread(own.map((sample) => sample.metrics[field] ?? 0))
    return own.map(
      (sample): Dot => ({
        order: sample.order,
        share: ((sample.metrics[field] ?? 0) / median) * 100,
        kind: sample.kind,
        noisy: contaminated(sample),
      }),
    )
  })
}
