import { defineFact } from '../../facts/fact.ts'
import { readSections, sections } from '../../facts/sections.ts'
import { count, lines, pairs } from '../../facts/text.ts'
import { cpusOf } from '../../util/cpu-list.ts'
import { sh } from '../../util/sh.ts'

/** The CPUs and the memory of a host, as far as guests can be placed on them. */
export interface HostTopology {
  /** CPUs that run and may be used, in their order. */
  readonly cpus: readonly HostCpu[]
  /** NUMA nodes that have memory; empty where the kernel knows none. */
  readonly nodes: readonly MemoryNode[]
  /** Huge pages of 2 MiB that are set aside and free, on all nodes. */
  readonly freeHugePages: number
  /** What is done with ordinary memory and with shared memory: `always`, `madvise`, `never` …; null = not in this kernel. */
  readonly thp: string | null
  readonly sharedThp: string | null
}

export interface HostCpu {
  readonly id: number
  /** Threads of one core have the same; unique on the host. */
  readonly core: number
  readonly node: number
}

export interface MemoryNode {
  readonly id: number
  readonly freeMib: number
  readonly freeHugePages: number
  /** To each node in turn, 10 = itself; larger is slower (ACPI SLIT). Empty where the kernel does not say. */
  readonly distances: readonly number[]
}

const node = sh`/sys/devices/system/node/node[0-9]*`

/** Sources: lscpu(1) --parse; sysfs-devices-node; Documentation/admin-guide/mm/transhuge. */
export const hostTopology = defineFact<[], HostTopology>({
  name: 'host-topology',
  command: () =>
    sections({
      cpus: sh`LC_ALL=C lscpu -p=CPU,CORE,NODE`,
      allowed: sh`grep Cpus_allowed_list /proc/self/status`,
      memory: sh`cat ${node}/meminfo | grep 'MemFree:'`,
      huge: sh`grep -H . ${node}/hugepages/hugepages-2048kB/free_hugepages`,
      distances: sh`grep -H . ${node}/distance`,
      allHuge: sh`cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages`,
      thp: sh`cat /sys/kernel/mm/transparent_hugepage/enabled`,
      sharedThp: sh`cat /sys/kernel/mm/transparent_hugepage/shmem_enabled`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const allowed = cpusOf(pairs(section('allowed'), ':').get('Cpus_allowed_list') ?? '')
    const huge = byNode(section('huge'))
    const distances = byNode(section('distances'))
    return {
      cpus: lines(section('cpus'))
        .flatMap((line): HostCpu[] => {
          const [, id, core, home] = /^(\d{1,5}),(\d{1,5}),(\d{0,4})$/.exec(line) ?? []
          return id === undefined ? [] : [{ id: Number(id), core: Number(core), node: Number(home) }]
        })
        .filter(({ id }) => allowed === null || allowed.includes(id)),
      nodes: lines(section('memory')).flatMap((line): MemoryNode[] => {
        const [, id = '', kib] = /^Node (\d{1,4}) MemFree:\s+(\d+) kB$/.exec(line) ?? []
        if (kib === undefined || Number(kib) === 0) return []
        return [
          {
            id: Number(id),
            freeMib: Math.floor(Number(kib) / 1024),
            freeHugePages: count(huge.get(id)) ?? 0,
            distances: (distances.get(id) ?? '').split(' ').flatMap((word) => count(word) ?? []),
          },
        ]
      }),
      freeHugePages: count(section('allHuge')) ?? 0,
      thp: chosen(section('thp')),
      sharedThp: chosen(section('sharedThp')),
    }
  },
})

/** `/sys/devices/system/node/node1/…:TEXT` by number. */
function byNode(text: string): Map<string, string> {
  return new Map(
    lines(text).flatMap((line): [string, string][] => {
      const [, id, value] = /^\/[a-z/]*\/node(\d{1,4})\/[^:]*:(.*)$/.exec(line) ?? []
      return id === undefined || value === undefined ? [] : [[id, value]]
    }),
  )
}

/** `always [madvise] never` → `madvise`. */
function chosen(text: string): string | null {
  return /\[(\w{1,20})\]/.exec(text)?.[1] ?? null
}
