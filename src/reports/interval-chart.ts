import { times } from '../bench/words.ts'
import { drawSvg, type EChartsOption, type Size } from './chart.ts'
import type { Language } from './language.ts'

/** Two drawings of one chart: the page shows the one that fits. Scaling one SVG down would make its text unreadable. */
export interface Drawing {
  readonly wide: string
  readonly narrow: string
}

/** A factor with its interval: as many times what stands at 1. */
export interface IntervalRow {
  readonly title: string
  /** Below the title, smaller; may be empty. */
  readonly subtitle: string
  readonly centre: number
  readonly low?: number
  readonly high?: number
  /** The measurements that the centre is made of; hollow when they failed a gate on noise. */
  readonly dots: readonly { readonly value: number; readonly noisy: boolean }[]
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
/** Of a subtitle on a narrow page. */
const lineHeight = 16
/** Pixels that a letter of a label takes at most, on average. */
const letter = 8.2

/**
 * Factors on a log scale, because 2 × and 4 × are as far apart as 10 × and 20 ×; `one` names what stands at 1. The large dot
 * is the centre, hollow where there are too few measurements for an interval; the bar is the interval, the small dots are the measurements.
 */
export async function intervalChart(
  rows: readonly IntervalRow[],
  one: string,
  { say }: Language,
): Promise<Drawing> {
  return { wide: await draw(rows, one, wide, say), narrow: await draw(rows, one, narrow, say) }
}

type Say = Language['say']

function draw(rows: readonly IntervalRow[], one: string, layout: Layout, say: Say): Promise<string> {
  const subtitled = rows.some(({ subtitle }) => subtitle !== '')
  const own =
    layout.gutter === 0 && subtitled ? { ...layout, rowHeight: layout.rowHeight + lineHeight } : layout
  const size: Size = { width: own.width, height: topRoom + rows.length * own.rowHeight + axisRoom }
  return drawSvg(option(rows, one, own, say), size)
}

function option(rows: readonly IntervalRow[], one: string, layout: Layout, say: Say): EChartsOption {
  const [min, max] = extent(rows)
  const ticks = tickValues(min, max, layout)
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
        formatter: (value: number) => (value === 1 ? say(one) : say(`${value} ×`)),
      },
    },
    yAxis: { type: 'category', inverse: true, show: false, data: rows.map((_, index) => index) },
    series: [
      {
        type: 'custom',
        data: rows.map((_, index) => index),
        renderItem: (params, api) => {
          const row = rows[params.dataIndex]
          if (row === undefined) return null
          const at = (value: number): number => api.coord([value, params.dataIndex])[0] ?? 0
          const middle = api.coord([1, params.dataIndex])[1] ?? 0
          const grid = params.dataIndex === 0 ? gridLines(ticks, at, rows.length * layout.rowHeight) : []
          return { type: 'group', silent: true, children: [...grid, ...shapes(row, at, middle, layout, say)] }
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

function shapes(
  row: IntervalRow,
  at: (value: number) => number,
  middle: number,
  layout: Layout,
  say: Say,
): Shape[] {
  const y = layout.gutter > 0 ? middle : middle + (row.subtitle === '' ? 9 : 17)
  const centre = at(row.centre)
  const dots = row.dots.map(({ value, noisy }) => ({ x: at(value), noisy }))
  const known = row.low !== undefined && row.high !== undefined
  const [low, high] = [at(row.low ?? row.centre), at(row.high ?? row.centre)]
  // Right of everything in the row: a stem that comes from the right must not run through the figure.
  const farthest = Math.max(centre + 7, high, at(1), ...dots.map(({ x }) => x + 3))
  return [
    {
      type: 'line',
      shape: { x1: at(1), x2: centre, y1: y, y2: y },
      style: { stroke: 'var(--stem)', lineWidth: 2 },
    },
    ...(known ? bar(low, high, y) : []),
    {
      type: 'circle',
      shape: { cx: centre, cy: y, r: known ? 6 : 5.25 },
      style: known
        ? { fill: 'var(--guest)' }
        : { fill: 'var(--paper)', stroke: 'var(--guest)', lineWidth: 1.75 },
    },
    ...dots.map(
      ({ x, noisy }): Shape => ({
        type: 'circle',
        shape: { cx: x, cy: y + 13, r: 2.25 },
        style: noisy
          ? { fill: 'var(--paper)', stroke: 'var(--guest)', lineWidth: 1 }
          : { fill: 'var(--guest)', opacity: 0.6 },
      }),
    ),
    label(say(times(row.centre)), farthest + 8, y, { fontWeight: 600, fontSize: 15, fill: 'var(--ink)' }),
    ...rowLabels(row, at(1) + 9, middle, layout),
  ]
}

/** A band between two caps, which show beside the dot also where the interval is narrow. */
function bar(low: number, high: number, y: number): Shape[] {
  const cap = (x: number): Shape => ({
    type: 'line',
    shape: { x1: x, x2: x, y1: y - 8, y2: y + 8 },
    style: { stroke: 'var(--guest)', lineWidth: 1.5 },
  })
  return [
    {
      type: 'rect',
      shape: { x: low, y: y - 5, width: Math.max(high - low, 1), height: 10 },
      style: { fill: 'var(--guest)', opacity: 0.3 },
    },
    cap(low),
    cap(high),
  ]
}

/** Left of the scale on a wide page; above the row on a narrow one, right of the line at 1 where there is room. */
function rowLabels({ title, subtitle }: IntervalRow, x: number, middle: number, layout: Layout): Shape[] {
  const titleStyle = { fontSize: 14, fill: 'var(--ink)' }
  const subStyle = { fontSize: 12, fill: 'var(--muted)' }
  if (layout.gutter === 0) {
    const above = (text: string, y: number, style: { fontSize: number; fill: string }): Shape =>
      x + (text.length * letter * style.fontSize) / 14 <= layout.width
        ? label(text, x, y, style)
        : label(text, layout.width, y, {
            ...style,
            align: 'right',
            backgroundColor: 'var(--paper)',
            padding: [0, 4],
          })
    if (subtitle === '') return [above(title, middle - 12, titleStyle)]
    return [above(title, middle - 20, titleStyle), above(subtitle, middle - 4, subStyle)]
  }
  if (subtitle === '') return [label(title, 0, middle, titleStyle)]
  return [label(title, 0, middle - 8, titleStyle), label(subtitle, 0, middle + 9, subStyle)]
}

function label(text: string, x: number, y: number, style: Record<string, unknown>): Shape {
  return { type: 'text', style: { text, x, y, verticalAlign: 'middle', fontFamily: 'inherit', ...style } }
}

/** One and every mark, with a little air. */
function extent(rows: readonly IntervalRow[]): [number, number] {
  const values = rows.flatMap(({ centre, low, high, dots }) => [
    low ?? centre,
    high ?? centre,
    ...dots.map(({ value }) => value),
  ])
  return [Math.min(1, ...values) * 0.95, Math.max(1.25, ...values) * 1.06]
}

/** 1, 2, 5, 10 … within the range, fewer where they would touch. */
function tickValues(min: number, max: number, { width, gutter }: Layout): number[] {
  if (max < 2 && min > 0.5) return [0.8, 0.9, 1, 1.1, 1.2, 1.5].filter((tick) => tick >= min && tick <= max)
  const decade = (width - gutter - valueRoom) / Math.log10(max / min)
  const steps = decade > 220 ? [1, 2, 5] : decade > 100 ? [1, 3] : [1]
  return [0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000, 10_000]
    .flatMap((power) => steps.map((step) => Number((power * step).toPrecision(1))))
    .filter((tick) => tick >= min && tick <= max)
}
