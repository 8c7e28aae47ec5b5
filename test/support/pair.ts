import type { Subject } from '../../src/bench/record.ts'

/** A machine, and guests that are held against it; all of two vCPUs. */
export function pair({
  guests = ['guest'],
  cpus = [0, 1],
  memory_mib = null,
}: {
  readonly guests?: readonly string[]
  readonly cpus?: number[]
  readonly memory_mib?: number | null
} = {}): Subject[] {
  const shape = { vcpus: 2, memory_mib }
  return [
    { id: 'native', kind: 'native', baseline: null, domain: null, cpus, ...shape },
    ...guests.map(
      (id): Subject => ({
        id,
        kind: 'guest',
        baseline: 'native',
        domain: `hvlab-${id}`,
        cpus: null,
        ...shape,
      }),
    ),
  ]
}
