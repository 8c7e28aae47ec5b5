import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'

/** From the first login to the end of the boot; a guest that needs longer is measured all the same, and the run says so. */
const patienceS = 120

/**
 * A guest takes logins before its boot has ended: the last stages of cloud-init go on for ten seconds where every
 * instruction is emulated, and would be measured along. cloud-init writes result.json when all of it has run; a guest
 * without cloud-init has no such folder.
 */
export async function bootEnded(context: ModuleContext, guest: string): Promise<void> {
  const tries = patienceS * 2
  const waited = await context.peer(guest).run({
    ...sh`cd /run/cloud-init 2>/dev/null || exit 0; i=0; until [ -e result.json ]; do [ "$i" -lt ${tries} ] || exit 1; i=$((i + 1)); sleep 0.5; done`,
    timeoutMs: patienceS * 2 * 1000,
  })
  if (waited.exitCode === 0) return
  context.note(
    'warning',
    `${guest} has not ended its boot after ${patienceS} s: cloud-init still runs and is measured along.`,
  )
}
