import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { finite, pairs } from './text.ts'

/** Everything in MiB, rounded down. */
export interface Memory {
  readonly totalMb: number
  readonly freeMb: number
  /** The kernel's estimate of what new programs can take without swapping. */
  readonly availableMb: number
  readonly buffersMb: number
  readonly cachedMb: number
  readonly swapTotalMb: number
  readonly swapFreeMb: number
  readonly swapCachedMb: number
}

/** Source: proc(5) meminfo; its `kB` are KiB. */
export const memory = defineFact<[], Memory>({
  name: 'memory',
  command: () => sh`cat /proc/meminfo`,
  parse({ stdout }) {
    const info = pairs(stdout, ':')
    const mb = (key: string): number => Math.floor(finite(Number.parseInt(info.get(key) ?? '', 10)) / 1024)
    return {
      totalMb: mb('MemTotal'),
      freeMb: mb('MemFree'),
      availableMb: info.has('MemAvailable') ? mb('MemAvailable') : mb('MemFree') + mb('Cached'),
      buffersMb: mb('Buffers'),
      cachedMb: mb('Cached'),
      swapTotalMb: mb('SwapTotal'),
      swapFreeMb: mb('SwapFree'),
      swapCachedMb: mb('SwapCached'),
    }
  },
})
