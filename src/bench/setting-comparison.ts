import { clockSources, emulatedClocks } from './clock-sources.ts'
import type { Comparison } from './comparison.ts'
import type { Benchmark, Design, Environment } from './record.ts'
import { type Estimate, inverse, medianRatio } from './statistics.ts'
import type { Workload } from './workload-file.ts'

/** What guests may differ in to be set against each other: CPUs and memory of the host, the cache of disks, the clock that is read. */
export const settings = ['placement', 'disk-cache', 'clock'] as const
export type Setting = (typeof settings)[number]

/** A guest against one that differs from it in one setting and in nothing else. */
export interface SettingComparison {
  readonly setting: Setting
  readonly hypervisor: string
  readonly workload: Workload
  readonly guest: string
  /** The guest that stands at 1: the one that has what guests have when nobody asks, or else the first. */
  readonly reference: string
  /** In blocks that both have; 1 = as long as the reference, more is slower. */
  readonly slowdown: Estimate
  readonly blocks: readonly { readonly value: number; readonly noisy: boolean }[]
}

type Domain = NonNullable<Environment['domain']>

interface Guest {
  readonly name: string
  readonly domain: Domain
  /** What decides how fast it is, setting by setting; `rest` is everything else. */
  readonly has: Readonly<Record<Setting | 'rest', string>>
  readonly clocks: readonly string[]
}

/** Settings in their order, then workloads in the design's, guests in theirs; empty where no two guests differ in one setting alone. */
export function settingComparisons(
  benchmark: Benchmark,
  comparisons: readonly Comparison[],
): SettingComparison[] {
  const guests = benchmark.environments.flatMap(({ subject, domain }) =>
    domain === null ? [] : guestOf(subject, domain, clockSources(benchmark.samples, subject)),
  )
  return settings.flatMap((setting) => {
    const comparable = guests.filter((guest) => guests.some((other) => differOnlyIn(setting, other, guest)))
    const reference = referenceOf[setting](comparable)
    if (reference === undefined) return []
    const others = comparable.filter((guest) => differOnlyIn(setting, guest, reference))
    return benchmark.design.workloads.flatMap((workload) =>
      others.flatMap((guest) => against(setting, benchmark, workload, [guest, reference], comparisons)),
    )
  })
}

function against(
  setting: Setting,
  { design }: Benchmark,
  workload: Workload,
  [guest, reference]: readonly [Guest, Guest],
  comparisons: readonly Comparison[],
): SettingComparison[] {
  const of = ({ name }: Guest) =>
    comparisons.find((one) => one.guest === name && one.workload.id === workload.id)
  const [own, other] = [of(guest), of(reference)]
  const beside = own && other && besideOther(design, own, other)
  if (beside === undefined) return []
  return [
    {
      setting,
      hypervisor: design.hypervisor,
      workload,
      guest: guest.name,
      reference: reference.name,
      ...beside,
    },
  ]
}

/** How many times longer one guest takes than another of the same benchmark; undefined when they share no block. */
export function besideOther(
  design: Design,
  own: Comparison,
  other: Comparison,
): Pick<SettingComparison, 'slowdown' | 'blocks'> | undefined {
  // Both are ratios to the same native trial of their block, which cancels.
  const blocks = own.blocks.flatMap(({ block, ratio, noisy }) => {
    const same = other.blocks.find((one) => one.block === block)
    return same === undefined ? [] : [{ value: same.ratio / ratio, noisy: noisy || same.noisy }]
  })
  if (blocks.length === 0) return undefined
  const performance = medianRatio(
    blocks.map(({ value }) => 1 / value),
    { adaptive: design.precision_percent !== null },
  )
  return { slowdown: inverse(performance), blocks }
}

function differOnlyIn(setting: Setting, { has: one }: Guest, { has: other }: Guest): boolean {
  return (
    one[setting] !== other[setting] &&
    one.rest === other.rest &&
    settings.every((name) => name === setting || one[name] === other[name])
  )
}

const referenceOf: Readonly<Record<Setting, (guests: readonly Guest[]) => Guest | undefined>> = {
  placement: (guests) =>
    guests.find(({ domain }) => isFree(domain)) ?? guests.find(({ domain }) => floats(domain)),
  'disk-cache': (guests) =>
    guests.find(({ domain }) => diskCaches(domain).every((cache) => /^(default|writeback)$/.test(cache))) ??
    guests[0],
  clock: (guests) =>
    guests.find(({ clocks }) => !clocks.some((clock) => emulatedClocks.has(clock))) ?? guests[0],
}

function guestOf(name: string, domain: Domain, clocks: readonly string[]): Guest {
  const { pinning, huge_pages, memory_source, memory_nodes, disks } = domain
  const { accelerator, image, machine, cpu, memory_mib, vcpus, interfaces } = domain
  return {
    name,
    domain,
    clocks,
    has: {
      placement: JSON.stringify([pinning.filter(isPlace), huge_pages, memory_source, memory_nodes]),
      'disk-cache': JSON.stringify(diskCaches(domain)),
      clock: JSON.stringify(clocks),
      rest: JSON.stringify([
        [accelerator, image, machine, cpu, memory_mib, vcpus, interfaces],
        disks.map(({ cache: _, ...rest }) => rest),
        // A quota is no place but a share.
        pinning.filter((pin) => !isPlace(pin)),
      ]),
    },
  }
}

/** libvirt's words, disk by disk. */
export function diskCaches({ disks }: Domain): string[] {
  return disks.map(({ cache = 'default' }) => cache)
}

const isPlace = (pin: string): boolean => /^(vCPU|emulator)/.test(pin)

function floats({ pinning, memory_nodes }: Domain): boolean {
  return !pinning.some(isPlace) && memory_nodes === null
}

/** The kernel decides what its memory is made of, too. */
function isFree(domain: Domain): boolean {
  return floats(domain) && !domain.huge_pages && domain.memory_source === null
}
