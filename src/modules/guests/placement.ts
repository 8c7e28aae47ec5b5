import { hostTopology } from '../../lab/host/host-topology.ts'
import { type PlacementCell, placementCells } from '../../lab/placement-cells.ts'
import type { Value } from '../../model/value.ts'
import { defined } from '../../util/defined.ts'
import { plainData } from '../../util/json.ts'
import { int, parameters } from '../params.ts'
import { defineQuery } from '../query.ts'

/** Which CPUs and which memory of a host guests can be compared on. */
export const placement = defineQuery({
  name: 'placement',
  doc: `Chooses CPUs and memory of a host for guests that differ in nothing else: vCPUs that float, that have a core each, that are threads of the same
cores, or whose memory is on another NUMA node; each with pages of 4 KiB, transparent huge pages and huge pages of 2 MiB. Says why the host cannot have one.`,
  params: parameters({
    vcpus: int()
      .refine((value) => value >= 1 && value <= 512, 'must be between 1 and 512')
      .default(2)
      .describe('Of each guest'),
    memory_mb: int()
      .refine((value) => value >= 64, 'must be at least 64')
      .describe('Of each guest, MiB'),
  }),
  returns: {
    cells:
      'list of `{what, why, guest}`: `guest` is the part of an entry of `hvlab_guests`; `why` is empty where the host can have it',
  },
  async answer(context, { vcpus, memory_mb }) {
    const cells = placementCells(await context.freshFact(hostTopology), { vcpus, memoryMib: memory_mb })
    const possible = cells.filter(({ why }) => why === '')
    return {
      data: { cells: cells.map(cellValue) },
      changed: false,
      why: `${possible.length} of ${cells.length}: ${possible.map(({ name }) => name).join(', ')}`,
    }
  },
})

function cellValue({ name, why, pinning, numa, hugepages }: PlacementCell): Value {
  return plainData({
    what: `The guest ${name}`,
    why,
    guest: defined({ name, pinning, numa, hugepages }),
  })
}
