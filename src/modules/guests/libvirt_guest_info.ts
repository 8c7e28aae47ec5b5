import { resolveImage } from '../../images/image.ts'
import { guestHostName, machineCount } from '../../lab/access/guest-host.ts'
import { guestKey } from '../../lab/access/guest-key.ts'
import { forwardSteps } from '../../lab/access/port-forward.ts'
import { drift } from '../../lab/drift.ts'
import { changedGuests, effortOf } from '../../lab/guest-changes.ts'
import type { WantedGuest } from '../../lab/guest-config.ts'
import type { Difference } from '../../lab/guest-differences.ts'
import { phaseOf } from '../../lab/guest-phase.ts'
import { domainName } from '../../lab/identity.ts'
import type { DomainState } from '../../lab/libvirt/domain-state.ts'
import { type LibvirtState, readLibvirtOrNone } from '../../lab/libvirt/libvirt-state.ts'
import { domainOf, refuseForeign } from '../../lab/plan-guests.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { counted } from '../../util/words.ts'
import { defineQuery } from '../query.ts'
import { type GuestDeclaration, guestDeclaration } from './guest-declaration.ts'
import { declaredNames, wantedGuests } from './wanted-guests.ts'

/** What it takes to make a guest as it is declared. */
type Need = 'nothing' | 'live' | 'restart' | 'recreate' | 'create' | 'remove'

/** In what guests differ from their declaration. Asks what `libvirt_guest` asks, and does nothing about it. */
export const libvirtGuestInfo = defineQuery({
  name: 'libvirt_guest_info',
  doc: 'Says in what guests differ from what is declared, and what it would take to make them so; changes nothing. It can stand in the place of `libvirt_guest`; parameters that say what may be done mean nothing here.',
  params: guestDeclaration,
  returns: {
    guests:
      'a list of name, host (name in the inventory), domain, state (null: there is none), wanted (state), needs (`nothing`, `live`, `restart`, `recreate`, `create`, `remove`), differences (a list of name, text, needs) and drift: in what the domain is no longer what was declared',
    others: 'guests of the lab on this host that are not declared here: a list of name, domain, state',
  },
  async answer(context, params) {
    const state = await readLibvirtOrNone(context)
    const names = declaredNames(params)
    refuseForeign(
      names.map((name) => ({ lab: params.lab, name })),
      state,
      context.host,
    )
    const answers =
      params.state === 'absent'
        ? names.map((name) => unwanted(params, name, state))
        : await compared(context, params, state)
    const many = machineCount(context.hosts())
    const guests = answers.map((guest) => ({
      ...guest,
      host: guestHostName(guest.name, context.host, many),
    }))
    const differing = guests.filter(({ needs }) => needs !== 'nothing').length
    return {
      data: { guests, others: othersOf(params.lab, names, state) },
      changed: false,
      why: `${differing} of ${counted(guests.length, 'guest')} differ${differing === 1 ? 's' : ''} from what is declared`,
    }
  },
})

type Answer = Vars & { readonly name: string; readonly needs: Need }

function unwanted({ lab }: GuestDeclaration, name: string, state: LibvirtState): Answer {
  const domain = domainOf({ lab, name }, state)
  return {
    ...answerOf(lab, name, domain),
    wanted: 'absent',
    needs: domain === undefined ? 'nothing' : 'remove',
    differences: [],
  }
}

async function compared(
  context: ModuleContext,
  params: GuestDeclaration,
  state: LibvirtState,
): Promise<Answer[]> {
  const { publicKey } = await guestKey(context.controller)
  const wanted = wantedGuests(params, publicKey, (image) => resolveImage(image, context.searchPath).key)
  const changed = changedGuests(wanted, state, context.host, { restart: true, recreate: true })
  return wanted.map((guest): Answer => {
    const domain = domainOf(guest, state)
    const facts = { ...answerOf(guest.lab, guest.name, domain), wanted: params.state }
    if (domain === undefined) return { ...facts, needs: 'create', differences: [] }
    const found = changed.find((each) => each.domain === domain)
    const differences = [
      ...(found?.differences ?? []),
      ...portDifferences(guest, domain, state, found?.differences ?? []),
      ...stateDifference(params.state, domain),
    ]
    return {
      ...facts,
      needs: differences.length === 0 ? 'nothing' : effortOf({ wanted: guest, domain, differences }),
      differences: differences.map((difference) => ({
        name: difference.name,
        text: difference.text,
        needs: effortOf({ wanted: guest, domain, differences: [difference] }),
      })),
    }
  })
}

function answerOf(lab: string, name: string, domain: DomainState | undefined) {
  return {
    name,
    domain: domainName(lab, name),
    state: domain === undefined ? null : phaseOf(domain.state),
    drift: domain === undefined ? [] : drift(domain),
  }
}

/** Ports that are declared as before and lead nowhere, as after a reboot without systemd. */
function portDifferences(
  guest: WantedGuest,
  domain: DomainState,
  state: LibvirtState,
  found: readonly Difference[],
): Difference[] {
  if (!domain.metadata || found.some(({ name }) => name === 'ports')) return []
  return forwardSteps(domain.name, domain.metadata.address, guest.ports, state.forwards).map(
    ({ summary }) => ({ name: 'ports', text: summary, effort: 'live' }),
  )
}

function stateDifference(wanted: GuestDeclaration['state'], { state }: DomainState): Difference[] {
  const phase = phaseOf(state)
  const isThere =
    wanted === 'present' ||
    phase === wanted ||
    // Off is off, whatever made it so.
    (wanted === 'stopped' && phase !== 'running' && phase !== 'paused')
  return isThere ? [] : [{ name: 'state', text: `state ${phase} → ${wanted}`, effort: 'live' }]
}

function othersOf(lab: string, names: readonly string[], state: LibvirtState) {
  return state.domains.flatMap(({ name: domain, metadata, state: words }) =>
    metadata?.lab === lab && !names.includes(metadata.guest)
      ? [{ name: metadata.guest, domain, state: phaseOf(words) }]
      : [],
  )
}
