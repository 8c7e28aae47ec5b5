import type { Comparison } from './comparison.ts'
import type { Benchmark, Environment } from './record.ts'
import { type Estimate, inverse, medianRatio } from './statistics.ts'
import type { Workload } from './workload-file.ts'

/** A guest against one that differs from it only in the CPUs and the memory of the host that it has. */
export interface Placement {
  readonly hypervisor: string
  readonly workload: Workload
  readonly guest: string
  /** The guest that stands at 1: its vCPUs float, and nothing was said of its memory. */
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
  const reference = guests.find(({ domain }) => isFree(domain))
  if (reference === undefined) return []
  const others = guests.filter(({ domain }) => !isFree(domain) && alike(domain, reference.domain))
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

/** The scheduler and the kernel decide where it runs and what its memory is made of. */
function isFree({ pinning, huge_pages, memory_source, memory_nodes }: Domain): boolean {
  return !pinning.some(isPlace) && !huge_pages && memory_source === null && memory_nodes === null
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
