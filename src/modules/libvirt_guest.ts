import { z } from 'zod'
import { resolveImage } from '../images/image.ts'
import type { DomainState } from '../lab/domain-state.ts'
import type { WantedGuest } from '../lab/guest-config.ts'
import { guestHost, machineCount } from '../lab/guest-host.ts'
import { type GuestKey, guestKey } from '../lab/guest-key.ts'
import { creationSteps } from '../lab/guest-steps.ts'
import { domainName } from '../lab/identity.ts'
import { guestName, labName } from '../lab/lab-name.ts'
import { type LibvirtState, readLibvirt, readLibvirtOrNone } from '../lab/libvirt-state.ts'
import type { GuestMetadata } from '../lab/metadata.ts'
import { domainOf, outdatedGuests, planGuests, refuseForeign } from '../lab/plan-guests.ts'
import { removeGuest } from '../lab/removal.ts'
import type { BootSeconds, GuestToStart } from '../lab/start-guests.ts'
import { startSteps } from '../lab/start-steps.ts'
import { stopGuest } from '../lab/stop-guest.ts'
import { FailureError } from '../model/failure.ts'
import { defineModule, type ModuleContext, type ModuleResult, type Steps } from './module.ts'
import { bool, choice, int, list, parameters, text } from './params.ts'

const sizes = {
  vcpus: int().refine((count) => count >= 1 && count <= 512, { error: 'must be 1 to 512' }),
  memory_mb: int().refine((size) => size >= 64, { error: 'must be at least 64' }),
  disk_gb: int().refine((size) => size >= 1, { error: 'must be at least 1' }),
}

const params = parameters(
  {
    name: guestName().optional().describe('Name of the guest and its host name'),
    guests: z
      .array(
        z.strictObject({
          name: guestName(),
          image: text().optional(),
          vcpus: sizes.vcpus.optional(),
          memory_mb: sizes.memory_mb.optional(),
          disk_gb: sizes.disk_gb.optional(),
          network: text().optional(),
        }),
        { error: 'must be a list of guests' },
      )
      .optional()
      .describe('Several guests; what an entry leaves out is taken from the parameters beside the list'),
    lab: labName().describe('The lab that the guests belong to; the domain is called `lab-name`'),
    image: text().default('debian-12').describe('Image of `images/` below the guest’s own disk'),
    vcpus: sizes.vcpus.default(2).describe('Virtual processors'),
    memory_mb: sizes.memory_mb.default(2900).describe('Memory, MiB'),
    disk_gb: sizes.disk_gb.default(10).describe('Size of the disk as the guest sees it, GiB'),
    network: text().default('hvlab').describe('A network that libvirt_network made'),
    accelerator: choice(['auto', 'kvm', 'tcg'])
      .default('auto')
      .describe('`auto`: KVM where a kernel boots under it, else emulation'),
    cpu: text().optional().describe('CPU model; default host-passthrough with KVM, Nehalem when emulated'),
    state: choice(['running', 'stopped', 'absent']).default('running').describe('What should be true'),
    wait: bool().default(true).describe('Wait until an SSH login works'),
    deadline: int()
      .optional()
      .describe(
        'Longest wait for the login, seconds; default 60, six times that when emulated, and longer while the serial log moves',
      ),
    recreate: bool()
      .default(false)
      .describe('Delete a guest whose parameters changed and make it anew; what is on its disk is lost'),
    groups: list().default(['guests']).describe('Groups of the inventory that the guest joins'),
  },
  { oneOf: [['name', 'guests']], exclusive: [['name', 'guests']] },
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
    const wanted = wantedGuests(context, params, key)
    refuseForeign(wanted, state, context.host)
    const current = yield* withoutOutdated(context, params, wanted, state)
    const created = yield* create(context, wanted, current)
    const existing = wanted.flatMap((guest) => domainOf(guest, current) ?? [])
    const seconds =
      params.state === 'stopped'
        ? yield* stop(context, existing)
        : yield* start(context, params, { created, existing, state: current, key })
    const guests = [...existing.flatMap(({ metadata }) => metadata ?? []), ...created]
    return outcome(context, params, key, guests, seconds)
  },
})

/** Removes guests that are to be made anew; returns what libvirt has afterwards. */
async function* withoutOutdated(
  context: ModuleContext,
  params: Params,
  wanted: readonly WantedGuest[],
  state: LibvirtState,
): Steps<LibvirtState> {
  const outdated = outdatedGuests(wanted, state, context.host, params.recreate)
  if (outdated.length === 0) return state
  for (const domain of outdated)
    yield {
      summary: `remove ${domain.name} with its disk: its parameters changed`,
      action: removeGuest(domain, state.networks),
    }
  if (!context.check) return readLibvirt(context, context.host)
  return { ...state, domains: state.domains.filter((domain) => !outdated.includes(domain)) }
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
    for (const guest of planned) for (const step of creationSteps(guest)) yield step
    return context.check ? [] : planned.map((guest) => guest.metadata)
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

interface Present {
  readonly created: readonly GuestMetadata[]
  readonly existing: readonly DomainState[]
  readonly state: LibvirtState
  readonly key: GuestKey
}

/** Starts what does not run, and waits for every guest whose present start has not had a login yet. */
async function* start(context: ModuleContext, params: Params, present: Present): Steps<BootSeconds> {
  const down: GuestToStart[] = [
    ...present.created.map((metadata) => ({ metadata, running: false })),
    ...present.existing.flatMap(({ metadata, running }) =>
      metadata && !running ? [{ metadata, running }] : [],
    ),
  ]
  const booting = present.existing.flatMap(({ name, metadata, running, startId }) =>
    metadata && running && present.state.ready.get(name) !== startId ? [{ metadata, running }] : [],
  )
  return yield* startSteps(context, [...down, ...booting], {
    keyFile: present.key.path,
    wait: params.wait,
    deadlineSeconds: params.deadline,
    cpus: present.state.cpus,
  })
}

async function* stop(context: ModuleContext, existing: readonly DomainState[]): Steps<BootSeconds> {
  for (const domain of existing)
    if (domain.running)
      yield { summary: `shut down ${domain.name}`, action: () => stopGuest(context, domain) }
  return new Map()
}

async function* absent(context: ModuleContext, params: Params, state: LibvirtState): Steps {
  const names = guestNames(params).map((name) => ({ lab: params.lab, name }))
  refuseForeign(names, state, context.host)
  const found = names.flatMap((guest) => domainOf(guest, state) ?? [])
  for (const domain of found)
    yield { summary: `remove ${domain.name} with its disk`, action: removeGuest(domain, state.networks) }
  return {
    data: { guests: [] },
    why: `there is no ${names.map(({ lab, name }) => domainName(lab, name)).join(', ')}`,
  }
}

function guestNames(params: Params): string[] {
  return params.guests?.map((guest) => guest.name) ?? (params.name === undefined ? [] : [params.name])
}

function wantedGuests(context: ModuleContext, params: Params, key: GuestKey): WantedGuest[] {
  const entries: NonNullable<Params['guests']> = params.guests ?? guestNames(params).map((name) => ({ name }))
  return entries.map((guest) => {
    const image = guest.image ?? params.image
    return {
      lab: params.lab,
      name: guest.name,
      image,
      imageKey: resolveImage(image, context.searchPath).key,
      vcpus: guest.vcpus ?? params.vcpus,
      memoryMb: guest.memory_mb ?? params.memory_mb,
      diskGb: guest.disk_gb ?? params.disk_gb,
      network: guest.network ?? params.network,
      accelerator: params.accelerator,
      ...(params.cpu === undefined ? {} : { cpu: params.cpu }),
      authorizedKey: key.publicKey,
    }
  })
}

/** Running guests become hosts of the inventory. */
function outcome(
  context: ModuleContext,
  params: Params,
  key: GuestKey,
  guests: readonly GuestMetadata[],
  seconds: BootSeconds,
): ModuleResult {
  const hosts = guests.map((metadata) =>
    guestHost(metadata, {
      hypervisor: context.host,
      hypervisors: machineCount(context.hosts()),
      keyFile: key.path,
      groups: params.groups,
    }),
  )
  const data = guests.map((metadata, index) => ({
    name: metadata.guest,
    host: hosts[index]?.name ?? metadata.guest,
    domain: domainName(metadata.lab, metadata.guest),
    address: metadata.address,
    state: params.state,
    image: metadata.image,
    accelerator: { type: metadata.accelerator, reason: metadata.acceleratorReason },
    boot_seconds: seconds.get(metadata.guest) ?? null,
  }))
  const [one, many] = params.state === 'running' ? ['runs', 'run'] : ['is stopped', 'are stopped']
  return {
    data: { guests: data },
    why: `${guests.map((guest) => `${guest.guest} (${guest.address})`).join(', ')} ${guests.length === 1 ? one : many} as wanted`,
    ...(params.state === 'running' ? { effects: { hosts } } : {}),
  }
}
