import { defineFact } from '../../facts/fact.ts'
import type { DomainState } from '../../lab/libvirt/domain-state.ts'
import { readLibvirt } from '../../lab/libvirt/libvirt-state.ts'
import { virsh } from '../../lab/libvirt/virsh.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'

/** A guest to measure: its name in the inventory, and its domain on this hypervisor. */
export interface MeasuredGuest {
  readonly name: string
  readonly domain: DomainState
  /** From `virsh start` to the first login; null where hvlab did not see it. */
  readonly loginSeconds: number | null
}

/** Inventory names of the guests that live on this hypervisor, in the inventory's order. */
export function guestsHere(context: ModuleContext, wanted: readonly string[] | undefined): string[] {
  const here = context
    .hosts()
    .map(({ name }) => name)
    .filter((name) =>
      ['hvlab_hypervisor', 'hvlab_via'].some((variable) => context.hostVar(name, variable) === context.host),
    )
  if (wanted === undefined) return here
  const strangers = wanted.filter((name) => !here.includes(name))
  if (strangers.length === 0) return here.filter((name) => wanted.includes(name))
  throw new FailureError({
    reason: 'module',
    code: 'benchmark-no-guest',
    message: `${strangers.join(', ')} ${strangers.length === 1 ? 'is' : 'are'} not on ${context.host}.`,
    hint: here.length === 0 ? `${context.host} has no guest.` : `It has ${here.join(', ')}.`,
  })
}

/** Finds the running domain of each guest. Throws what is wrong with the first one that cannot be measured. */
export async function findDomains(
  context: ModuleContext,
  names: readonly string[],
): Promise<MeasuredGuest[]> {
  const { domains, ready } = await readLibvirt(context, context.host)
  return names.map((name) => {
    const wanted = context.hostVar(name, 'hvlab_domain')
    // A guest that a person put into the inventory has no such variable: then the metadata names it.
    const domain = domains.find((candidate) =>
      wanted === undefined ? candidate.metadata?.guest === name : candidate.name === wanted,
    )
    if (domain?.state.startsWith('running')) {
      const login = ready.get(domain.name)
      return {
        name,
        domain,
        loginSeconds: login?.startId === domain.startId ? (login?.seconds ?? null) : null,
      }
    }
    throw new FailureError({
      reason: 'module',
      code: 'benchmark-guest-not-running',
      message:
        domain === undefined
          ? `${context.host} has no domain for the guest ${name}.`
          : `The guest ${name} cannot be measured: its domain ${domain.name} is ${domain.state}.`,
      hint:
        domain === undefined
          ? 'Deploy the guest first.'
          : `Run \`virsh ${domain.state.startsWith('paused') ? 'resume' : 'start'} ${domain.name}\` on ${context.host}, or deploy again.`,
    })
  })
}

/** Versions of QEMU and libvirt as the daemon gives them. */
export const hypervisorSoftware = defineFact<[], { qemu: string | null; libvirt: string | null }>({
  name: 'hypervisor-software',
  command: () => sh`${virsh} version`,
  parse({ stdout }) {
    return {
      qemu: stdout.match(/hypervisor: QEMU (\S+)/)?.[1] ?? null,
      libvirt: stdout.match(/library: libvirt (\S+)/)?.[1] ?? null,
    }
  },
})
