import type { EChartsOption } from 'echarts'

/**
 * Draws an option as static SVG. The package is large and slow to load (0.6 s), so it comes only when a report is
 * written. Colours may be CSS variables: they pass through to the SVG and follow the page's scheme.
 */
export async function drawSvg(option: EChartsOption, size: Size): Promise<string> {
  const echarts = await import('echarts')
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size })
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: 'inherit' }, ...option })
    return tidy(chart.renderToSVGString(), size)
  } finally {
    chart.dispose()
  }
}

export interface Size {
  readonly width: number
  readonly height: number
}

export type { EChartsOption }

/** What only a live chart needs goes: hover styles, data indexes, class names. The page scales the rest. */
function tidy(svg: string, { width, height }: Size): string {
  return svg
    .replace(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replace(/ (?:class|ecmeta_\w+|pointer-events|xml:space|baseProfile|version|xmlns:xlink)="[^"]*"/g, '')
    .replace(/<svg width="\d+" height="\d+"/, `<svg width="${width}" height="${height}" role="presentation"`)
    .replace(/<rect [^>]*fill="none"[^>]*><\/rect>/, '')
    .replace(/\n\s*\n/g, '\n')
}
