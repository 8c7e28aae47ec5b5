import { FailureError } from '../model/failure.ts'
import { suggestion } from '../util/did-you-mean.ts'
import { type GuestPhase, phaseOf } from './guest-phase.ts'
import type { DomainState } from './libvirt/domain-state.ts'
import type { LibvirtState } from './libvirt/libvirt-state.ts'
import type { GuestMetadata } from './libvirt/metadata.ts'

/** A guest that exists: its domain, and what its metadata says. */
export interface ExistingGuest {
  readonly domain: DomainState
  readonly metadata: GuestMetadata
  readonly phase: GuestPhase
}

/** Every domain of hvlab's, or of one lab. */
export function existingGuests(state: LibvirtState, lab?: string): ExistingGuest[] {
  return state.domains.flatMap((domain) =>
    domain.metadata && (lab === undefined || domain.metadata.lab === lab)
      ? [{ domain, metadata: domain.metadata, phase: phaseOf(domain.state) }]
      : [],
  )
}

/**
 * A guest by its own name or its domain's. Throws when there is none, also for a domain that hvlab did not make, and
 * when several labs have one of that name.
 */
export function findGuest(
  name: string,
  lab: string | undefined,
  state: LibvirtState,
  host: string,
): ExistingGuest {
  const guests = existingGuests(state, lab)
  const exact = guests.filter(({ domain }) => domain.name === name)
  const found = exact.length > 0 ? exact : guests.filter(({ metadata }) => metadata.guest === name)
  const [guest, another] = found
  if (guest && another)
    throw notFound(
      `${found.length} guests on ${host} are called ${name}: ${found.map(({ domain }) => domain.name).join(', ')}.`,
      'Give the name of the domain, or the lab (parameter lab).',
    )
  if (guest) return guest
  if (state.domains.some((domain) => domain.name === name))
    throw notFound(
      `The domain ${name} on ${host} was not made by hvlab; it is not touched.`,
      'Use virsh for what hvlab did not make.',
    )
  const names = guests.map(({ metadata }) => metadata.guest)
  throw notFound(
    `There is no guest ${name} on ${host}.`,
    suggestion(name, names) ?? (names.length > 0 ? `There are: ${names.join(', ')}.` : 'There are none.'),
  )
}

function notFound(message: string, hint: string): FailureError {
  return new FailureError({ reason: 'module', code: 'guest-not-found', message, hint })
}
