import type { Comparison } from './comparison.ts'
import type { Benchmark, Environment } from './record.ts'
import { type Estimate, inverse, medianRatio } from './statistics.ts'
import type { Workload } from './workload-file.ts'

/** A guest against one that differs from it only in the CPUs and the memory of the host that it has. */
export interface Placement {
  readonly hypervisor: string
  readonly workload: Workload
  readonly guest: string
  /** The guest that stands at 1: its vCPUs float; and nothing was said of its memory, if there is such a one. */
  readonly reference: string
  /** In blocks that both have; 1 = as long as the reference, more is slower. */
  readonly slowdown: Estimate
  readonly blocks: readonly { readonly value: number; readonly noisy: boolean }[]
}

type Domain = NonNullable<Environment['domain']>

/** Workloads in the design's order, guests in theirs; empty where no two guests differ in nothing else. */
export function placements(
  { design, environments }: Benchmark,
  comparisons: readonly Comparison[],
): Placement[] {
  const guests = environments.flatMap(({ subject, domain }) => (domain === null ? [] : [{ subject, domain }]))
  const reference = guests.find(({ domain }) => isFree(domain)) ?? guests.find(({ domain }) => floats(domain))
  if (reference === undefined) return []
  const others = guests.filter(
    ({ domain }) => place(domain) !== place(reference.domain) && alike(domain, reference.domain),
  )
  const adaptive = design.precision_percent !== null
  const of = (guest: string, workload: Workload) =>
    comparisons.find((one) => one.guest === guest && one.workload.id === workload.id)
  return design.workloads.flatMap((workload) =>
    others.flatMap(({ subject }): Placement[] => {
      const [free, placed] = [of(reference.subject, workload), of(subject, workload)]
      if (free === undefined || placed === undefined) return []
      // Both are ratios to the same native trial of their block, which cancels.
      const blocks = placed.blocks.flatMap(({ block, ratio, noisy }) => {
        const same = free.blocks.find((one) => one.block === block)
        return same === undefined ? [] : [{ value: same.ratio / ratio, noisy: noisy || same.noisy }]
      })
      if (blocks.length === 0) return []
      const performance = medianRatio(
        blocks.map(({ value }) => 1 / value),
        { adaptive },
      )
      return [
        {
          hypervisor: design.hypervisor,
          workload,
          guest: subject,
          reference: reference.subject,
          slowdown: inverse(performance),
          blocks,
        },
      ]
    }),
  )
}

const isPlace = (pin: string): boolean => /^(vCPU|emulator)/.test(pin)

/** What the host's CPUs and memory are to it. */
function place({ pinning, huge_pages, memory_source, memory_nodes }: Domain): string {
  return JSON.stringify([pinning.filter(isPlace), huge_pages, memory_source, memory_nodes])
}

function floats({ pinning, memory_nodes }: Domain): boolean {
  return !pinning.some(isPlace) && memory_nodes === null
}

/** The kernel decides what its memory is made of, too. */
function isFree(domain: Domain): boolean {
  return floats(domain) && !domain.huge_pages && domain.memory_source === null
}

/** Everything else that decides how fast a guest is; a quota is no place but a share. */
function alike(one: Domain, other: Domain): boolean {
  const rest = ({
    accelerator,
    image,
    machine,
    cpu,
    memory_mib,
    vcpus,
    disks,
    interfaces,
    pinning,
  }: Domain) =>
    JSON.stringify([
      [accelerator, image, machine, cpu, memory_mib, vcpus, disks, interfaces],
      pinning.filter((pin) => !isPlace(pin)),
    ])
  return rest(one) === rest(other)
}
