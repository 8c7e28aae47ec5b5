import type { Comparison } from '../bench/comparison.ts'
import { times } from '../bench/words.ts'
import { drawSvg, type EChartsOption, type Size } from './chart.ts'
import type { Language } from './language.ts'

/** Two drawings of one chart: the page shows the one that fits. Scaling one SVG down would make its text unreadable. */
export interface Drawing {
  readonly wide: string
  readonly narrow: string
}

interface Layout {
  readonly width: number
  readonly rowHeight: number
  /** Pixels for labels left of the scale; 0 puts them above their row. */
  readonly gutter: number
}

const wide: Layout = { width: 760, rowHeight: 46, gutter: 210 }
const narrow: Layout = { width: 350, rowHeight: 62, gutter: 0 }
/** Right of the scale: the value of the row that reaches farthest. */
const valueRoom = 64
const axisRoom = 40
const topRoom = 8

/**
 * How much slower each workload is in each guest: native = 1, log scale, because 2 × and 4 × are as far apart as 10 × and
 * 20 ×. The dot is the median of the blocks, the bar its 95 % interval, the small dots are the blocks.
 */
export async function slowdownChart(comparisons: readonly Comparison[], { say }: Language): Promise<Drawing> {
  return { wide: await draw(comparisons, wide, say), narrow: await draw(comparisons, narrow, say) }
}

type Say = Language['say']

async function draw(comparisons: readonly Comparison[], layout: Layout, say: Say): Promise<string> {
  const size: Size = {
    width: layout.width,
    height: topRoom + comparisons.length * layout.rowHeight + axisRoom,
  }
  return drawSvg(option(comparisons, layout, say), size)
}

function option(comparisons: readonly Comparison[], layout: Layout, say: Say): EChartsOption {
  const [min, max] = extent(comparisons)
  const ticks = tickValues(min, max, layout.gutter > 0 ? 1 : 2)
  const shared = guestsOf(comparisons).size > 1
  return {
    grid: { left: layout.gutter + 10, right: valueRoom, top: topRoom, bottom: axisRoom },
    xAxis: {
      type: 'log',
      min,
      max,
      axisLine: { show: false },
      axisTick: { show: false, customValues: ticks },
      splitLine: { show: false },
      axisLabel: {
        customValues: ticks,
        margin: 14,
        fontSize: 12,
        color: 'var(--muted)',
        formatter: (value: number) => (value === 1 ? say('native') : say(`${value} ×`)),
      },
    },
    yAxis: { type: 'category', inverse: true, show: false, data: comparisons.map((_, index) => index) },
    series: [
      {
        type: 'custom',
        data: comparisons.map((_, index) => index),
        renderItem: (params, api) => {
          const comparison = comparisons[params.dataIndex]
          if (comparison === undefined) return null
          const at = (value: number): number => api.coord([value, params.dataIndex])[0] ?? 0
          const middle = api.coord([1, params.dataIndex])[1] ?? 0
          const grid =
            params.dataIndex === 0 ? gridLines(ticks, at, comparisons.length * layout.rowHeight) : []
          return {
            type: 'group',
            silent: true,
            children: [...grid, ...row(comparison, at, middle, layout, shared, say)],
          }
        },
      },
    ],
  }
}

type Shape = Record<string, unknown> & { type: 'line' | 'circle' | 'rect' | 'text' }

function gridLines(ticks: readonly number[], at: (value: number) => number, height: number): Shape[] {
  return ticks.map((tick) => ({
    type: 'line',
    shape: { x1: at(tick), x2: at(tick), y1: topRoom, y2: topRoom + height },
    style: tick === 1 ? { stroke: 'var(--native)', lineWidth: 2 } : { stroke: 'var(--rule)', lineWidth: 1 },
  }))
}

function row(
  { workload, guest, hypervisor, slowdown, blocks }: Comparison,
  at: (value: number) => number,
  middle: number,
  layout: Layout,
  shared: boolean,
  say: Say,
): Shape[] {
  const y = layout.gutter > 0 ? middle : middle + 9
  const centre = at(slowdown.centre)
  const samples = blocks.map(({ ratio }) => at(1 / ratio))
  const [low, high] = [at(slowdown.low ?? slowdown.centre), at(slowdown.high ?? slowdown.centre)]
  const farthest = Math.max(centre + 7, high, ...samples.map((x) => x + 3))
  return [
    {
      type: 'line',
      shape: { x1: at(1), x2: centre, y1: y, y2: y },
      style: { stroke: 'var(--stem)', lineWidth: 2 },
    },
    {
      type: 'rect',
      shape: { x: low, y: y - 5, width: Math.max(high - low, 1), height: 10, r: 5 },
      style: { fill: 'var(--guest)', opacity: 0.3 },
    },
    { type: 'circle', shape: { cx: centre, cy: y, r: 6.5 }, style: { fill: 'var(--guest)' } },
    ...samples.map(
      (cx): Shape => ({
        type: 'circle',
        shape: { cx, cy: y + 13, r: 2.25 },
        style: { fill: 'var(--guest)', opacity: 0.6 },
      }),
    ),
    label(say(times(slowdown.centre)), farthest + 8, y, {
      fontWeight: 600,
      fontSize: 15,
      fill: 'var(--ink)',
    }),
    ...rowLabels(workload.title, shared ? say(`${guest} on ${hypervisor}`) : '', at(1) + 9, middle, layout),
  ]
}

/** Left of the scale on a wide page; above the row, beside the native line, on a narrow one. */
function rowLabels(title: string, subtitle: string, x: number, middle: number, { gutter }: Layout): Shape[] {
  const titleStyle = { fontSize: 14, fill: 'var(--ink)' }
  const subStyle = { fontSize: 12, fill: 'var(--muted)' }
  if (gutter === 0) {
    const text = subtitle === '' ? title : `${title}, ${subtitle}`
    return [label(text, x, middle - 12, { ...titleStyle, fontSize: subtitle === '' ? 14 : 12 })]
  }
  if (subtitle === '') return [label(title, 0, middle, titleStyle)]
  return [label(title, 0, middle - 8, titleStyle), label(subtitle, 0, middle + 9, subStyle)]
}

function label(text: string, x: number, y: number, style: Record<string, unknown>): Shape {
  return { type: 'text', style: { text, x, y, verticalAlign: 'middle', fontFamily: 'inherit', ...style } }
}

/** Native and every mark, with a little air. */
function extent(comparisons: readonly Comparison[]): [number, number] {
  const values = comparisons.flatMap(({ slowdown, blocks }) => [
    slowdown.low ?? slowdown.centre,
    slowdown.high ?? slowdown.centre,
    ...blocks.map(({ ratio }) => 1 / ratio),
  ])
  return [Math.min(1, ...values) * 0.95, Math.max(1.25, ...values) * 1.06]
}

/** 1, 2, 5, 10 … within the range; every second decade step only when there is little room. */
function tickValues(min: number, max: number, sparse: 1 | 2): number[] {
  const steps = max / min > 40 || sparse === 2 ? [1, 3] : [1, 2, 5]
  const fine = max < 2 ? [0.8, 0.9, 1, 1.1, 1.2, 1.5] : []
  const decades = [0.01, 0.1, 1, 10, 100, 1000].flatMap((decade) =>
    steps.map((step) => Number((decade * step).toPrecision(1))),
  )
  return (fine.length > 0 ? fine : decades).filter((tick) => tick >= min && tick <= max)
}

function guestsOf(comparisons: readonly Comparison[]): Set<string> {
  return new Set(comparisons.map(({ hypervisor, guest }) => `${hypervisor} ${guest}`))
}
