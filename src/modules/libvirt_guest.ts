import { z } from 'zod'
import { resolveImage } from '../images/image.ts'
import type { DomainState } from '../lab/domain-state.ts'
import { drift } from '../lab/drift.ts'
import { applyChanges, type ChangedGuest, changedGuests, effortOf } from '../lab/guest-changes.ts'
import type { WantedGuest } from '../lab/guest-config.ts'
import { guestHost, machineCount } from '../lab/guest-host.ts'
import { type GuestKey, guestKey } from '../lab/guest-key.ts'
import { type Newcomers, refuseWithoutRoom } from '../lab/guest-room.ts'
import { creationSteps, explained } from '../lab/guest-steps.ts'
import { domainName } from '../lab/identity.ts'
import { guestName, labName } from '../lab/lab-name.ts'
import { type LibvirtState, readLibvirt, readLibvirtOrNone } from '../lab/libvirt-state.ts'
import type { GuestMetadata } from '../lab/metadata.ts'
import { domainOf, planGuests, refuseForeign } from '../lab/plan-guests.ts'
import { forwardSteps } from '../lab/port-forward.ts'
import { removeGuest } from '../lab/removal.ts'
import type { BootSeconds } from '../lab/start-guests.ts'
import { FailureError } from '../model/failure.ts'
import { guestEntry, guestShape } from './guest-params.ts'
import { inState } from './guest-power.ts'
import { defineModule, type ModuleContext, type ModuleResult, type Steps } from './module.ts'
import { bool, choice, int, list, parameters } from './params.ts'
import { declaredNames, wantedGuests } from './wanted-guests.ts'

const params = parameters(
  {
    name: guestName().optional().describe('Name of the guest and its host name'),
    count: int()
      .refine((count) => count >= 1 && count <= 500, { error: 'must be 1 to 500' })
      .optional()
      .describe('That many guests: `name1`, `name2` …'),
    guests: z
      .array(guestEntry, { error: 'must be a list of guests' })
      .optional()
      .describe('Several guests; what an entry leaves out is taken from the parameters beside the list'),
    lab: labName().describe('The lab that the guests belong to; the domain is called `lab-name`'),
    ...guestShape,
    image: guestShape.image.default('debian-12'),
    vcpus: guestShape.vcpus.default(2),
    vcpus_max: guestShape.vcpus_max.optional(),
    topology: guestShape.topology.optional(),
    memory_mb: guestShape.memory_mb.default(2900),
    memory_max_mb: guestShape.memory_max_mb.optional(),
    hugepages: guestShape.hugepages.optional(),
    pinning: guestShape.pinning.optional(),
    numa: guestShape.numa.optional(),
    disk_gb: guestShape.disk_gb.default(10),
    disk: guestShape.disk.optional(),
    disks: guestShape.disks.optional(),
    network: guestShape.network.default('hvlab'),
    networks: guestShape.networks.optional(),
    address: guestShape.address.optional(),
    ports: guestShape.ports.optional(),
    firmware: guestShape.firmware.default('direct'),
    tpm: guestShape.tpm.default(false),
    agent: guestShape.agent.default(true),
    cloud_init: guestShape.cloud_init.optional(),
    accelerator: guestShape.accelerator.default('auto'),
    cpu: guestShape.cpu.optional(),
    state: choice(['running', 'present', 'paused', 'stopped', 'absent'])
      .default('running')
      .describe('What should be true. `present`: it exists, running or not'),
    wait: bool().default(true).describe('Wait until an SSH login works'),
    deadline: int()
      .optional()
      .describe(
        'Longest wait for the login, seconds; default 60, six times that when emulated, and longer while the serial log moves',
      ),
    restart: bool()
      .default(false)
      .describe('Restart a running guest for changes that it cannot take while it runs'),
    recreate: bool()
      .default(false)
      .describe('Delete a guest whose parameters changed and make it anew; what is on its disk is lost'),
    overcommit: bool()
      .default(false)
      .describe('Make guests that do not fit into the host’s memory, disk or CPUs'),
    groups: list().default(['guests']).describe('Groups of the inventory that the guest joins'),
  },
  { oneOf: [['name', 'guests']], exclusive: [['name', 'guests']], together: [['count', 'name']] },
)
type Params = z.output<typeof params>

/** Guests of a lab: overlay, seed, DHCP reservation, domain, and a login that works. */
export const libvirtGuest = defineModule({
  name: 'libvirt_guest',
  doc: 'Makes guests on a hypervisor and adds them to the inventory. A running guest is one in which an SSH login worked. Domains that hvlab did not make are never touched.',
  params,
  returns: {
    guests:
      'a list of name, host (name in the inventory), domain, address, state, accelerator, image, boot_seconds',
  },
  async *run(context, params) {
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
