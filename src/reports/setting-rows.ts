import { clockSources } from '../bench/clock-sources.ts'
import type { Benchmark, Environment } from '../bench/record.ts'
import { diskCaches, type Setting, type SettingComparison, settings } from '../bench/setting-comparison.ts'
import { intervalHeading, listed, range, times } from '../bench/words.ts'
import type { HostResults } from './results.ts'

/** Guests that differ in one setting: what stands over their table, in it and below it. */
export interface SettingTable {
  readonly title: string
  readonly comparisons: readonly SettingComparison[]
  readonly columns: readonly string[]
  readonly rows: readonly string[][]
  /** What the columns stand for. */
  readonly sentence: string
}

interface View {
  readonly title: string
  readonly columns: readonly string[]
  readonly cells: (guest: string, benchmark: Benchmark) => string[]
  readonly sentence: (reference: string, benchmark: Benchmark) => string
}

const views: Readonly<Record<Setting, View>> = {
  placement: {
    title: 'CPUs and memory of the host',
    columns: ['vCPUs', 'Memory'],
    cells: (guest, benchmark) => [cpus(environmentOf(guest, benchmark)), memory(guest, benchmark)],
    sentence: (reference, benchmark) =>
      `These guests differ in nothing but the CPUs and the memory of the host that they have. The reference is ${reference}: its vCPUs run on any CPU, its memory is in ${memory(reference, benchmark)}.`,
  },
  'disk-cache': {
    title: 'caches of a disk',
    columns: ['Cache'],
    cells: (guest, benchmark) => [caches(guest, benchmark)],
    sentence: (reference, benchmark) =>
      `These guests differ in nothing but the cache mode of their disk. The reference is ${reference}: ${caches(reference, benchmark)}.`,
  },
  clock: {
    title: 'clocks of a guest',
    columns: ['Clock'],
    cells: (guest, benchmark) => [clocks(guest, benchmark)],
    sentence: (reference, benchmark) =>
      `These guests differ in nothing but the clock that their kernel reads. The reference is ${reference}: ${clocks(reference, benchmark)}.`,
  },
}

/** A table for each setting that guests differ in; one row for each workload and guest, for Markdown and HTML. */
export function settingTables({
  benchmark,
  settingComparisons,
}: Pick<HostResults, 'benchmark' | 'settingComparisons'>): SettingTable[] {
  return settings.flatMap((setting): SettingTable[] => {
    const comparisons = settingComparisons.filter((one) => one.setting === setting)
    const [first] = comparisons
    if (first === undefined) return []
    const { title, columns, cells, sentence } = views[setting]
    const interval = intervalHeading(comparisons.map(({ slowdown }) => slowdown))
    return [
      {
        title,
        comparisons,
        columns: ['Workload', 'Guest', 'As long as the reference', interval, ...columns],
        rows: comparisons.map(({ workload, guest, slowdown }) => [
          workload.title,
          guest,
          times(slowdown.centre),
          range(slowdown.low, slowdown.high, times),
          ...cells(guest, benchmark),
        ]),
        sentence: sentence(first.reference, benchmark),
      },
    ]
  })
}

export const leftOutColumns = ['Guest', 'Why it was left out'] as const

/** Guests that the host could not have, in words of the pipeline. */
export function leftOutRows({ skipped }: Benchmark): string[][] {
  return skipped.flatMap(({ guest, why }) => (guest === null ? [] : [[guest, why]]))
}

function environmentOf(guest: string, { environments }: Benchmark): Environment | undefined {
  return environments.find(({ subject }) => subject === guest)
}

/** `0, 1`: where each vCPU runs; libvirt's sets. */
function cpus(environment: Environment | undefined): string {
  const sets = (environment?.domain?.pinning ?? []).flatMap(
    (pin) => /^vCPU \d+: CPUs (.*)$/.exec(pin)?.[1] ?? [],
  )
  return sets.length === 0 ? 'on any CPU' : `on ${sets.join(', ')}`
}

/** What the kernel was asked for; whether it found whole huge pages for all of it is another matter. */
function memory(guest: string, benchmark: Benchmark): string {
  const domain = environmentOf(guest, benchmark)?.domain
  const native = benchmark.environments.find(({ kind }) => kind === 'native')
  const thp = native?.platform?.transparent_huge_pages
  const nodes = domain?.memory_nodes ?? null
  const pages =
    domain?.huge_pages === true
      ? 'huge pages that were set aside'
      : domain?.memory_source === 'memfd' || thp === 'never'
        ? 'pages of 4 KiB'
        : typeof thp === 'string'
          ? 'transparent huge pages'
          : 'pages of an unknown size'
  return nodes === null ? pages : `${pages}, node ${nodes}`
}

/** Of the disks that it writes to; the seed is not one. */
function caches(guest: string, benchmark: Benchmark): string {
  const domain = environmentOf(guest, benchmark)?.domain ?? null
  if (domain === null) return '—'
  const written = domain.disks.filter((disk) => disk['read_only'] !== 'yes')
  return listed([...new Set(diskCaches({ ...domain, disks: written }))])
}

function clocks(guest: string, { samples }: Benchmark): string {
  return listed(clockSources(samples, guest))
}
