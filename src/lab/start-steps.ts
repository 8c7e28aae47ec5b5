import type { Steps } from '../model/change.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { type BootSeconds, type GuestToStart, type StartOptions, startGuests } from './start-guests.ts'

/**
 * Starts guests that are off, and waits for logins in them and in those that run. Waiting alone is no change: nothing is
 * shown then, and in check mode nothing is done. Returns each guest's seconds to its login.
 */
export async function* startSteps(
  context: ModuleContext,
  guests: readonly GuestToStart[],
  options: StartOptions,
): Steps<BootSeconds> {
  const off = guests.filter(({ running }) => !running)
  const start = () => startGuests(context, guests, options)
  if (off.length > 0) {
    const names = off.map(({ metadata }) => metadata.guest).join(', ')
    const done = yield {
      summary: `start ${names}${options.wait ? ' and wait for an SSH login' : ''}`,
      action: start,
    }
    return (done.value as BootSeconds | undefined) ?? new Map()
  }
  if (guests.length === 0 || !options.wait || context.check) return new Map()
  return await start()
}
