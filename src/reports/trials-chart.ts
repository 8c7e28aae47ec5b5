import { contaminated } from '../bench/counting-samples.ts'
import type { Benchmark, Sample } from '../bench/record.ts'
import { spread } from '../bench/statistics.ts'
import { headline, type Workload } from '../bench/workload-file.ts'
import { drawSvg, type EChartsOption, type Size } from './chart.ts'
import type { Language } from './language.ts'
import type { Drawing } from './slowdown-chart.ts'

interface Dot {
  readonly order: number
  /** Percent of the median of the same subject and workload. */
  readonly share: number
  readonly kind: Sample['kind']
  readonly noisy: boolean
}

const panelHeight = 132
const heading = 26

/**
 * Every trial in the order in which it ran, as a share of its subject's own median: flat rows of dots are a quiet machine,
 * a slope is one that warmed up or got company. Hollow dots failed a gate.
 */
export async function trialsChart(benchmark: Benchmark, { say }: Language): Promise<Drawing> {
  const panels = benchmark.design.workloads
    .map((workload) => ({ workload, dots: dotsOf(benchmark, workload) }))
    .filter(({ dots }) => dots.length > 0)
  const reach =
    Math.max(5, ...panels.flatMap(({ dots }) => dots.map(({ share }) => Math.abs(share - 100)))) * 1.15
  const orders = panels.flatMap(({ dots }) => dots.map(({ order }) => order))
  const ends: [number, number] = [Math.floor(Math.min(...orders) / 5) * 5, Math.max(...orders) + 2]
  const draw = (width: number): Promise<string> => {
    const size: Size = { width, height: panels.length * (panelHeight + heading) + 24 }
    return drawSvg(option(panels, reach, ends, say), size)
  }
  return { wide: await draw(760), narrow: await draw(350) }
}

function option(
  panels: readonly { workload: Workload; dots: readonly Dot[] }[],
  reach: number,
  [first, last]: readonly [number, number],
  say: Language['say'],
): EChartsOption {
  const tops = panels.map((_, index) => index * (panelHeight + heading) + heading)
  const step = reach > 40 ? 50 : reach > 15 ? 20 : reach > 6 ? 10 : 5
  return {
    title: panels.map(({ workload }, index) => ({
      text: workload.title,
      left: 0,
      top: (tops[index] ?? 0) - heading,
      padding: 0,
      textStyle: { fontSize: 13, fontWeight: 600, color: 'var(--ink)', fontFamily: 'inherit' },
    })),
    grid: panels.map((_, index) => ({
      left: 54,
      right: 10,
      top: tops[index] ?? 0,
      height: panelHeight - 18,
    })),
    xAxis: panels.map((_, index) => ({
      type: 'value',
      gridIndex: index,
      min: first,
      max: last,
      show: index === panels.length - 1,
      splitLine: { show: false },
      axisTick: { show: false },
      axisLine: { show: false },
      interval: 5,
      axisLabel: {
        color: 'var(--muted)',
        fontSize: 11,
        showMinLabel: false,
        showMaxLabel: false,
        formatter: (value: number) => say(`trial ${value}`),
      },
    })),
    yAxis: panels.map((_, index) => ({
      type: 'value',
      gridIndex: index,
      min: 100 - Math.ceil(reach / step) * step,
      max: 100 + Math.ceil(reach / step) * step,
      interval: Math.ceil(reach / step) * step,
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { lineStyle: { color: 'var(--rule)' } },
      axisLabel: { color: 'var(--muted)', fontSize: 11, formatter: (value: number) => `${value} %` },
    })),
    series: panels.map(({ dots }, index) => ({
      type: 'scatter',
      xAxisIndex: index,
      yAxisIndex: index,
      symbolSize: 9,
      silent: true,
      data: dots.map((dot) => ({
        value: [dot.order + 1, dot.share],
        itemStyle: dot.noisy
          ? { color: 'var(--paper)', borderColor: `var(--${dot.kind})`, borderWidth: 1.75, opacity: 1 }
          : { color: `var(--${dot.kind})`, opacity: 1 },
      })),
    })),
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
