import type { NumaPlacement, Pinning } from './hardware.ts'
import type { HostCpu, HostTopology, MemoryNode } from './host/host-topology.ts'

/** A guest of a comparison, or why a host cannot have it. */
export interface PlacementCell {
  readonly name: string
  /** Empty: it can. */
  readonly why: string
  readonly pinning?: Pinning
  readonly numa?: NumaPlacement
  readonly hugepages?: 'never' | '2M'
}

/** Of each guest. */
export interface PlacedGuest {
  readonly vcpus: number
  readonly memoryMib: number
}

type Where = Pick<PlacementCell, 'pinning' | 'numa'> & { readonly why: string; readonly node?: number }

/**
 * {vCPUs that float, one core each, threads of the same cores, one core each with memory of another NUMA node} × {pages of 4 KiB,
 * transparent huge pages, huge pages of 2 MiB}. The guests are there at the same time, so memory of a node and huge pages are given to one after the other.
 */
export function placementCells(host: HostTopology, guest: PlacedGuest): PlacementCell[] {
  const places: Readonly<Record<string, Where>> = {
    float: { why: '' },
    pinned: ownCores(host, guest),
    siblings: siblings(host, guest),
    'cross-numa': otherNode(host, guest),
  }
  const pool = hugePagePool(host)
  const room = nodeMemory(host)
  const needed = Math.ceil(guest.memoryMib / 2)
  return Object.entries(places).flatMap(([place, { why, node, ...where }]): PlacementCell[] => {
    const own = where.numa === undefined ? undefined : node
    return [
      {
        name: `${place}-4k`,
        why: why || noSmallPages(host) || room(guest.memoryMib, own),
        ...where,
        hugepages: 'never',
      },
      {
        name: `${place}-thp`,
        why: why || noTransparentPages(host) || room(guest.memoryMib, own),
        ...where,
      },
      { name: `${place}-2m`, why: why || pool(needed, node), ...where, hugepages: '2M' },
    ]
  })
}

function ownCores(host: HostTopology, guest: PlacedGuest): Where {
  const { vcpus } = guest
  if (host.cpus.length === 0) return { why: 'lscpu shows none of its CPUs' }
  const cores = perNode(host, (cpus) => cpus.filter((cpu, index) => firstOfCore(cpus, cpu) === index))
  const there = placed(host, guest, cores)
  if (there !== undefined) return there
  const most = Math.max(...cores.map(({ cpus }) => cpus.length))
  return { why: `no NUMA node has more cores than ${most}, and the guest has ${vcpus} vCPUs` }
}

function siblings(host: HostTopology, guest: PlacedGuest): Where {
  const { vcpus } = guest
  if (host.cpus.length === 0) return { why: 'lscpu shows none of its CPUs' }
  if (vcpus < 2) return { why: 'one vCPU needs no second thread of a core' }
  const shared = perNode(host, (cpus) =>
    cpus
      .filter((cpu) => cpus.filter(({ core }) => core === cpu.core).length > 1)
      .sort((left, right) => firstOfCore(cpus, left) - firstOfCore(cpus, right) || left.id - right.id),
  )
  const there = placed(host, guest, shared)
  if (there !== undefined) return there
  const most = Math.max(...shared.map(({ cpus }) => cpus.length))
  return most === 0
    ? { why: 'no two of its CPUs share a core' }
    : { why: `no NUMA node has more CPUs that share cores than ${most}, and the guest has ${vcpus} vCPUs` }
}

/** Cores of one node, memory of the one that is farthest from it. */
function otherNode(host: HostTopology, guest: PlacedGuest): Where {
  if (host.nodes.length < 2) return { why: 'it has one NUMA node' }
  const near = ownCores(host, guest)
  const { node: home, pinning } = near
  if (home === undefined || pinning === undefined) return near
  const distance = ({ id }: MemoryNode): number =>
    host.nodes.find((node) => node.id === home)?.distances[id] ?? 0
  const others = host.nodes.filter(({ id }) => id !== home)
  const [far] = others
    .filter(({ freeMib }) => freeMib >= guest.memoryMib)
    .sort((left, right) => distance(right) - distance(left) || left.id - right.id)
  if (far === undefined) return { why: `no NUMA node but ${home} has ${guest.memoryMib} MiB free` }
  return { why: '', node: far.id, pinning, numa: { nodes: String(far.id), mode: 'strict' } }
}

/** On the first node that has the CPUs, and the memory, too, where there are several. */
function placed(
  { nodes }: HostTopology,
  { vcpus, memoryMib }: PlacedGuest,
  candidates: readonly NodeCpus[],
): Where | undefined {
  const wide = candidates.filter(({ cpus }) => cpus.length >= vcpus)
  const several = nodes.length > 1
  const home =
    wide.find(({ node }) => nodes.some(({ id, freeMib }) => id === node && freeMib >= memoryMib)) ?? wide[0]
  if (home === undefined) return undefined
  const { node } = home
  const pinning = { vcpus: home.cpus.slice(0, vcpus).map(({ id }) => String(id)) }
  if (!several) return { why: '', node, pinning }
  const free = nodes.find(({ id }) => id === node)?.freeMib ?? 0
  const why =
    free < memoryMib ? `NUMA node ${node} has ${free} MiB free, and the guest needs ${memoryMib}` : ''
  return { why, node, pinning, numa: { nodes: String(node), mode: 'strict' } }
}

interface NodeCpus {
  readonly node: number
  readonly cpus: readonly HostCpu[]
}

function perNode({ cpus }: HostTopology, pick: (cpus: readonly HostCpu[]) => HostCpu[]): NodeCpus[] {
  const nodes = [...new Set(cpus.map(({ node }) => node))].sort((left, right) => left - right)
  return nodes.map((node) => ({ node, cpus: pick(cpus.filter((cpu) => cpu.node === node)) }))
}

function firstOfCore(cpus: readonly HostCpu[], { core }: HostCpu): number {
  return cpus.findIndex((cpu) => cpu.core === core)
}

/** Pages of 4 KiB are shared memory of QEMU's (memfd), which has a switch of its own. */
function noSmallPages({ sharedThp }: HostTopology): string {
  return sharedThp === null || sharedThp === 'never' || sharedThp === 'deny'
    ? ''
    : `its kernel makes huge pages of shared memory, too (shmem_enabled is ${sharedThp})`
}

function noTransparentPages({ thp }: HostTopology): string {
  if (thp === null) return 'its kernel has no transparent huge pages'
  return thp === 'never' ? 'its transparent huge pages are switched off' : ''
}

/** Takes memory of a node for one guest after the other; says why there is too little. Guests of no node take it where it is. */
function nodeMemory({ nodes }: HostTopology): (neededMib: number, node: number | undefined) => string {
  const leftMib = new Map(nodes.map(({ id, freeMib }) => [id, freeMib]))
  return (neededMib, node) => {
    if (node === undefined) return ''
    const left = leftMib.get(node) ?? 0
    if (left < neededMib) return `NUMA node ${node} has ${left} MiB left, and the guest needs ${neededMib}`
    leftMib.set(node, left - neededMib)
    return ''
  }
}

/** Takes pages for one guest after the other; says why there are too few. */
function hugePagePool(host: HostTopology): (needed: number, node: number | undefined) => string {
  let left = host.freeHugePages
  const onNode = new Map(host.nodes.map(({ id, freeHugePages }) => [id, freeHugePages]))
  return (needed, node) => {
    const bound = host.nodes.length > 1 && node !== undefined
    const there = bound ? Math.min(left, onNode.get(node) ?? 0) : left
    if (there < needed) {
      const place = bound ? ` on NUMA node ${node}` : ''
      return `it has set aside too few huge pages of 2 MiB: ${there} are left${place}, and the guest needs ${needed}`
    }
    left -= needed
    if (bound) onNode.set(node, there - needed)
    return ''
  }
}
