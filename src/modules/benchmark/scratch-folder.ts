import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'

/**
 * Where workloads keep their files, on the hypervisor and in guests alike, so that a command is the same on both sides.
 * Not below /tmp, which may be in memory.
 */
export const scratchFolder = '/var/tmp/hvlab-benchmark'

/** However the work ended; a folder that stays is a warning. */
export async function removeFolder(
  context: Pick<ModuleContext, 'note'>,
  { name, access }: { readonly name: string; readonly access: Pick<HostAccess, 'run'> },
  folder: string,
): Promise<void> {
  try {
    const gone = await access.run({ ...sh`rm -rf ${folder}`, timeoutMs: 20_000 }, { cleanUp: true })
    if (gone.exitCode === 0) return
    context.note('warning', `${folder} is left on ${name}: ${gone.stderr.trim()}`)
  } catch (error) {
    // The machine may be what was lost; why the work failed matters more.
    if (!(error instanceof FailureError)) throw error
    context.note('warning', `${folder} is left on ${name}: ${error.message}`)
  }
}
