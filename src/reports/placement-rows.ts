import type { Placement } from '../bench/placement.ts'
import type { Benchmark, Environment } from '../bench/record.ts'
import { range, times } from '../bench/words.ts'

export const placementColumns = [
  'Workload',
  'Guest',
  'As long as the reference',
  '95 % interval',
  'vCPUs',
  'Memory',
] as const

/** What the columns stand for. */
export function placementSentence([first]: readonly Placement[], benchmark: Benchmark): string {
  const reference = first?.reference ?? ''
  return `These guests differ in nothing but the CPUs and the memory of the host that they have. The reference is ${reference}: its vCPUs run on any CPU, its memory is in ${memory(reference, benchmark)}.`
}

/** One row for each workload and guest, for Markdown and HTML. */
export function placementRows(placements: readonly Placement[], benchmark: Benchmark): string[][] {
  return placements.map(({ workload, guest, slowdown }) => {
    const environment = benchmark.environments.find(({ subject }) => subject === guest)
    return [
      workload.title,
      guest,
      times(slowdown.centre),
      range(slowdown.low, slowdown.high, times),
      cpus(environment),
      memory(guest, benchmark),
    ]
  })
}

export const leftOutColumns = ['Guest', 'Why it was left out'] as const

/** Guests that the host could not have, in words of the pipeline. */
export function leftOutRows({ skipped }: Benchmark): string[][] {
  return skipped.flatMap(({ guest, why }) => (guest === null ? [] : [[guest, why]]))
}

/** `0, 1`: where each vCPU runs; libvirt's sets. */
function cpus(environment: Environment | undefined): string {
  const sets = (environment?.domain?.pinning ?? []).flatMap(
    (pin) => /^vCPU \d+: CPUs (.*)$/.exec(pin)?.[1] ?? [],
  )
  return sets.length === 0 ? 'on any CPU' : `on ${sets.join(', ')}`
}

/** What the kernel was asked for; whether it found whole huge pages for all of it is another matter. */
function memory(guest: string, { environments }: Benchmark): string {
  const domain = environments.find(({ subject }) => subject === guest)?.domain
  const thp = environments.find(({ kind }) => kind === 'native')?.platform?.transparent_huge_pages
  const nodes = domain?.memory_nodes ?? null
  const pages =
    domain?.huge_pages === true
      ? 'huge pages that were set aside'
      : domain?.memory_source === 'memfd' || thp === 'never'
        ? 'pages of 4 KiB'
        : 'transparent huge pages'
  return nodes === null ? pages : `${pages}, node ${nodes}`
}
