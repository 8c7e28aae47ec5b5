import { pathOf } from '../bench/findings/layer-findings.ts'
import type { Chain } from '../bench/layers.ts'
import { percent, range, times } from '../bench/words.ts'

export const layerColumns = [
  'Workload',
  'Machines',
  'Layer by layer',
  'Share of each',
  'Together',
  'Interval',
] as const

export const layerMeaning =
  'Each layer is a guest against the machine that it runs on, measured there; together they are the product. A share is a layer’s part of it on a logarithmic scale. The interval is the product of the layers’ ends: it holds the whole wherever each layer’s interval holds its own.'

export function layerRows(chains: readonly Chain[]): string[][] {
  return chains.map((chain) => [
    chain.workload.title,
    pathOf(chain),
    chain.layers
      .map(({ accelerator, slowdown }) => `${accelerator.toUpperCase()} ${times(slowdown.centre)}`)
      .join(', '),
    chain.shares.map(percent).join(', ') || '—',
    times(chain.slowdown.centre),
    range(chain.slowdown.low, chain.slowdown.high, times),
  ])
}
