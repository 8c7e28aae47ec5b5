import { lines } from '../../facts/text.ts'
import { guestsFolder } from '../../lab/guest-files.ts'
import { definedHere, startDaemons } from '../../lab/libvirt/daemons.ts'
import { libvirtAbsence, libvirtFailure } from '../../lab/libvirt/libvirt-failure.ts'
import { type LibvirtState, libvirtState, noLibvirt } from '../../lab/libvirt/libvirt-state.ts'
import type { Steps } from '../../model/change.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { printable } from '../../util/printable.ts'
import type { Result } from '../../util/result.ts'
import { sh } from '../../util/sh.ts'

/** Of what hvlab made on a host: one lab's, or all. */
export interface LabScope {
  readonly lab?: string | undefined
}

/** A host without libvirt has no guests; a libvirt that does not answer may have some, and that is an error. */
export async function stateOrNothing(context: ModuleContext): Promise<LibvirtState> {
  return await knownOrNothing(context, await context.freshFact(libvirtState))
}

async function knownOrNothing(
  context: ModuleContext,
  state: Result<LibvirtState, string>,
): Promise<LibvirtState> {
  if (state.ok) return state.value
  if (libvirtAbsence(state.error) === undefined || (await context.freshFact(definedHere)).length > 0)
    throw new FailureError(libvirtFailure(context.host, state.error))
  const listing = await context.run(sh`ls ${guestsFolder} 2>/dev/null`)
  return { ...noLibvirt, folders: lines(listing.stdout) }
}

/**
 * The same before a removal: after a crash of everything nothing but hvlab starts libvirt on a host without systemd. Check mode can
 * only say so; then undefined.
 */
export async function* awokenState(context: ModuleContext): Steps<LibvirtState | undefined> {
  const state = await context.freshFact(libvirtState)
  const isStopped = !state.ok && libvirtAbsence(state.error) === 'not-running'
  const defined = isStopped ? await context.freshFact(definedHere) : []
  const started = defined.length > 0 ? yield* startDaemons(context) : []
  if (started.length === 0) return await knownOrNothing(context, state)
  if (!context.check) return await stateOrNothing(context)
  yield {
    summary: `remove what hvlab defined: ${printable(defined.join(', '))}`,
    action: async () => undefined,
  }
  return undefined
}

/** A guest's folder or domain, by its name alone. */
export function isOfLab(domain: string, { lab }: LabScope): boolean {
  return lab === undefined || domain.startsWith(`${lab}-`)
}

export function isOurs(metadata: { readonly lab: string } | undefined, params: LabScope): boolean {
  return metadata !== undefined && (params.lab === undefined || metadata.lab === params.lab)
}
