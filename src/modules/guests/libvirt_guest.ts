import { resolveImage } from '../../images/image.ts'
import { guestHost, machineCount } from '../../lab/access/guest-host.ts'
import { type GuestKey, guestKey } from '../../lab/access/guest-key.ts'
import { forwardSteps } from '../../lab/access/port-forward.ts'
import { drift } from '../../lab/drift.ts'
import { applyChanges, type ChangedGuest, changedGuests, effortOf } from '../../lab/guest-changes.ts'
import type { WantedGuest } from '../../lab/guest-config.ts'
import { type Newcomers, refuseWithoutRoom } from '../../lab/guest-room.ts'
import { creationSteps, explained } from '../../lab/guest-steps.ts'
import { lockHost } from '../../lab/host/host-lock.ts'
import { domainName } from '../../lab/identity.ts'
import type { DomainState } from '../../lab/libvirt/domain-state.ts'
import { type LibvirtState, readLibvirt, readLibvirtOrNone } from '../../lab/libvirt/libvirt-state.ts'
import type { GuestMetadata } from '../../lab/libvirt/metadata.ts'
import { domainOf, planGuests, refuseForeign } from '../../lab/plan-guests.ts'
import { removeGuest } from '../../lab/removal.ts'
import type { BootSeconds } from '../../lab/start-guests.ts'
import type { ModuleResult, Steps } from '../../model/change.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { defineModule } from '../module.ts'
import { type GuestDeclaration, guestDeclaration } from './guest-declaration.ts'
import { inState } from './guest-power.ts'
import { declaredNames, wantedGuests } from './wanted-guests.ts'

type Params = GuestDeclaration

/** Guests of a lab: overlay, seed, DHCP reservation, domain, and a login that works. */
export const libvirtGuest = defineModule({
  name: 'libvirt_guest',
  doc: 'Makes guests on a hypervisor and adds them to the inventory. A running guest is one in which an SSH login worked. Domains that hvlab did not make are never touched.',
  params: guestDeclaration,
  returns: {
    guests:
      'a list of name, host (name in the inventory), domain, address, state, accelerator, image, boot_seconds',
  },
  async *run(context, params) {
    await using _lock = await lockHost(context, 'changes guests')
    const state = await readLibvirtOrNone(context)
    if (params.state === 'absent') return yield* absent(context, params, state)
    const key = await guestKey(context.controller)
    const wanted = wantedGuests(params, key.publicKey, (image) => resolveImage(image, context.searchPath).key)
    refuseForeign(wanted, state, context.host)
    await refuseWithoutRoom(context, newcomers(params.state, wanted, state), params.overcommit)
    const current = yield* reapplied(context, params, wanted, state)
    const created = yield* create(context, wanted, current)
    const existing = wanted.flatMap((guest) => domainOf(guest, current) ?? [])
    // Shown, not undone: whoever changed it may have had a reason.
    for (const domain of existing)
      for (const text of drift(domain)) context.note('warning', `${domain.name} has drifted: ${text}.`)
    const present = { created, existing, state: current, key }
    const seconds = yield* inState(context, params, present)
    const guests = [...existing.flatMap(({ metadata }) => metadata ?? []), ...created]
    return outcome(context, params, key, { guests, existing, seconds })
  },
})

/** Guests that will take what they do not take yet; a stopped one has its disk already. */
function newcomers(state: Params['state'], wanted: readonly WantedGuest[], now: LibvirtState): Newcomers {
  const missing = wanted.filter((guest) => !domainOf(guest, now))
  const starts = state === 'running' || state === 'paused'
  const resting = wanted.filter((guest) => domainOf(guest, now)?.running === false)
  return { made: missing, started: starts ? [...missing, ...resting] : [] }
}

/** Makes guests that exist as they are wanted, or removes them to be made anew; returns what libvirt has afterwards. */
async function* reapplied(
  context: ModuleContext,
  params: Params,
  wanted: readonly WantedGuest[],
  state: LibvirtState,
): Steps<LibvirtState> {
  const changed = changedGuests(wanted, state, context.host, params)
  const doomed = changed.filter((guest) => effortOf(guest) === 'recreate')
  const kept = changed.filter((guest) => !doomed.includes(guest))
  for (const guest of kept) yield* applyChanges(context, guest, state)
  for (const { domain } of doomed)
    yield {
      summary: `remove ${domain.name} with its disk: its parameters changed`,
      action: removeGuest(domain, state),
    }
  yield* mendPorts(wanted, kept, state)
  if (changed.length === 0) return state
  if (!context.check) return readLibvirt(context, context.host)
  const stopped = kept.filter((guest) => effortOf(guest) === 'restart').map(({ domain }) => domain)
  const gone = doomed.map(({ domain }) => domain)
  const domains = state.domains
    .filter((domain) => !gone.includes(domain))
    .map((domain) => (stopped.includes(domain) ? { ...domain, running: false } : domain))
  return { ...state, domains }
}

/** Ports that led to a guest and do no more, as after a reboot without systemd. */
async function* mendPorts(
  wanted: readonly WantedGuest[],
  changed: readonly ChangedGuest[],
  state: LibvirtState,
): Steps<void> {
  for (const guest of wanted) {
    const domain = domainOf(guest, state)
    if (!domain?.metadata || changed.some((each) => each.domain === domain)) continue
    for (const step of forwardSteps(domain.name, domain.metadata.address, guest.ports, state.forwards))
      yield step
  }
}

/** Makes the guests that have no domain yet, without starting them. In check mode none comes to be. */
async function* create(
  context: ModuleContext,
  wanted: readonly WantedGuest[],
  state: LibvirtState,
): Steps<GuestMetadata[]> {
  const missing = wanted.filter((guest) => !domainOf(guest, state))
  if (missing.length === 0) return []
  try {
    const planned = await planGuests(context, missing, state)
    for (const { guest, hostKey } of planned) {
      const domain = domainName(guest.wanted.lab, guest.wanted.name)
      yield* explained(creationSteps(guest, hostKey, state.forwards), domain, context.host)
    }
    return context.check ? [] : planned.map(({ guest }) => guest.metadata)
  } catch (error) {
    // Without the tasks before, which check mode only showed, network and image may not be there yet.
    const awaited = ['network-missing', 'image-not-deployed']
    if (!context.check || !(error instanceof FailureError) || !awaited.includes(error.failure.code))
      throw error
    for (const guest of missing)
      yield { summary: `create and start guest ${guest.name}`, action: async () => undefined }
    return []
  }
}

async function* absent(context: ModuleContext, params: Params, state: LibvirtState): Steps {
  const names = declaredNames(params).map((name) => ({ lab: params.lab, name }))
  refuseForeign(names, state, context.host)
  const found = names.flatMap((guest) => domainOf(guest, state) ?? [])
  for (const domain of found)
    yield { summary: `remove ${domain.name} with its disk`, action: removeGuest(domain, state) }
  return {
    data: { guests: [] },
    why: `there is no ${names.map(({ lab, name }) => domainName(lab, name)).join(', ')}`,
  }
}

const stateWords = {
  running: ['runs as wanted', 'run as wanted'],
  present: ['is there as wanted', 'are there as wanted'],
  paused: ['stands still as wanted', 'stand still as wanted'],
  stopped: ['is stopped as wanted', 'are stopped as wanted'],
} as const

interface Outcome {
  readonly guests: readonly GuestMetadata[]
  readonly existing: readonly DomainState[]
  readonly seconds: BootSeconds
}

/** Running guests become hosts of the inventory. */
function outcome(
  context: ModuleContext,
  params: Params,
  key: GuestKey,
  { guests, existing, seconds }: Outcome,
): ModuleResult {
  const host = (metadata: GuestMetadata) =>
    guestHost(metadata, {
      hypervisor: context.host,
      hypervisors: machineCount(context.hosts()),
      keyFile: key.path,
      groups: params.groups,
    })
  const runs = (metadata: GuestMetadata) =>
    params.state === 'running' ||
    (params.state === 'present' &&
      existing.some(
        (domain) => domain.running && !domain.paused && domain.metadata?.guest === metadata.guest,
      ))
  const data = guests.map((metadata) => ({
    name: metadata.guest,
    host: host(metadata).name,
    domain: domainName(metadata.lab, metadata.guest),
    address: metadata.address,
    state: params.state,
    image: metadata.image,
    accelerator: { type: metadata.accelerator, reason: metadata.acceleratorReason },
    boot_seconds: seconds.get(metadata.guest) ?? null,
  }))
  const [one, many] = params.state === 'absent' ? ['is gone', 'are gone'] : stateWords[params.state]
  return {
    data: { guests: data },
    why: `${guests.map((guest) => `${guest.guest} (${guest.address})`).join(', ')} ${guests.length === 1 ? one : many}`,
    ...(guests.some(runs) ? { effects: { hosts: guests.filter(runs).map(host) } } : {}),
  }
}
