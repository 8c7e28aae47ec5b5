import type { ModuleContext } from '../../model/module-context.ts'

const last = new Map<string, Promise<void>>()

/**
 * Does the work when no other work of this run has one of the hosts. Hypervisors are measured at the same time, and a trial
 * between two of them would spoil whatever is measured on the far one, and the other way round. Whoever comes first is first on all
 * of its hosts, so nobody waits for one who waits for him.
 */
export async function inTurn<T>(
  { runId, signal }: Pick<ModuleContext, 'runId' | 'signal'>,
  hosts: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const places = hosts.map((host) => `${runId} ${host}`)
  const before = places.map((place) => last.get(place))
  let end = (): void => {}
  const done = new Promise<void>((resolve) => {
    end = resolve
  })
  for (const place of places) last.set(place, done)
  try {
    await Promise.all(before)
    signal.throwIfAborted()
    return await work()
  } finally {
    end()
    for (const place of places) if (last.get(place) === done) last.delete(place)
  }
}
