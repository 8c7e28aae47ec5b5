import { type MemoryLimit, memoryLimitCheck, memoryLimits, removeGroups } from '../../bench/confinement.ts'
import type { Design } from '../../bench/record.ts'
import type { ModuleContext } from '../../model/module-context.ts'

/**
 * Does the work with the design that says how native trials are held to their guest's memory: by the first way that works on
 * this machine, which is tried. A container may have none; then they are not, and the record and a warning say so.
 */
export async function withMemoryLimit<T>(
  context: ModuleContext,
  design: Design,
  work: (design: Design) => Promise<T>,
): Promise<T> {
  const mib = design.subjects.find(
    ({ kind, memory_mib }) => kind === 'native' && memory_mib !== null,
  )?.memory_mib
  const by = typeof mib === 'number' ? await wayThatWorks(context, mib) : null
  if (by === null) {
    context.note(
      'warning',
      `${context.host} cannot be held to a guest's memory: neither systemd nor a writable memory control group. Native trials may use all of it.`,
    )
  }
  try {
    return await work({ ...design, memory_limit_by: by })
  } finally {
    await context.run({ ...removeGroups, timeoutMs: 20_000 }, { cleanUp: true })
  }
}

async function wayThatWorks(context: ModuleContext, mib: number): Promise<MemoryLimit | null> {
  for (const by of memoryLimits) {
    if ((await context.run(memoryLimitCheck(by, mib))).exitCode === 0) return by
  }
  return null
}
