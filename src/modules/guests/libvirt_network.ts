import { z } from 'zod'
import { giveCardBack, makeBridge } from '../../bridges/bridge-steps.ts'
import { type AwaitedGuest, awaitedReservations } from '../../lab/awaited-guests.ts'
import { configChanges } from '../../lab/guest-config.ts'
import { lockHost } from '../../lab/host/host-lock.ts'
import { bridgeName, type NamedReservation, networkUuid } from '../../lab/identity.ts'
import { formatSubnet, parseSubnet, type Subnet } from '../../lab/ipv4.ts'
import { labName } from '../../lab/lab-name.ts'
import { type LibvirtState, readLibvirtOrNone, usedSubnets } from '../../lab/libvirt/libvirt-state.ts'
import { type NetworkSpec, type NetworkState, networkXml } from '../../lab/libvirt/network-xml.ts'
import { virsh } from '../../lab/libvirt/virsh.ts'
import { planSubnet } from '../../lab/network-plan.ts'
import { refuseNetworkInUse, removeNetwork } from '../../lab/removal.ts'
import type { Steps } from '../../model/change.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { defined } from '../../util/defined.ts'
import { canonicalJson } from '../../util/json.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { between, bool, choice, parameters } from '../params.ts'
import { guestEntry, guestNames } from './guest-params.ts'

/** An entry of the list that `libvirt_guest` gets, which has more in it and checks that. */
const awaitedGuest = guestEntry.pick({ name: true, count: true, network: true, address: true }).loose()

const params = parameters({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$/, {
      error: 'must be letters, digits, dots, dashes and underscores',
    })
    .default('hvlab')
    .describe('Name of the libvirt network'),
  lab: labName().describe('The lab that the network belongs to'),
  mode: choice(['nat', 'isolated', 'routed', 'bridge'])
    .default('nat')
    .describe(
      '`nat` lets guests reach what the host reaches; `isolated` gives them each other and the host; `routed` is `nat` without translation: others need a route to the subnet; `bridge` puts them into the network of a bridge of the host',
    ),
  subnet: z
    .string()
    .default('192.168.122.0/24')
    .transform((given, issues): Subnet => {
      const subnet = parseSubnet(given)
      if (subnet && subnet.prefix >= 8 && subnet.prefix <= 28) return subnet
      issues.addIssue({
        code: 'custom',
        message: 'must be an IPv4 subnet from /8 to /28, such as 192.168.122.0/24',
      })
      return z.NEVER
    })
    .describe(
      'Wanted IPv4 subnet, /8 to /28; not for `bridge`. Where it overlaps a route of the host, a free /24 is chosen and said',
    ),
  bridge: z
    .string({ error: 'must be the name of a bridge' })
    .regex(/^[^\s/]{1,15}$/, { error: 'must be the name of an interface, up to 15 characters' })
    .optional()
    .describe('With mode `bridge`: the bridge of the host'),
  card: z
    .string({ error: 'must be the name of a network card' })
    .regex(/^[^\s/]{1,15}$/, { error: 'must be the name of an interface, up to 15 characters' })
    .optional()
    .describe(
      'With `bridge`: a network card of the host. Where the bridge is not there, it is made of it, in the files of netplan, NetworkManager, systemd-networkd or ifupdown, and the card’s addresses move to it. Unless a new login works within `confirm_s`, the host gets its network back by itself',
    ),
  confirm_s: between(5, 600).default(60).describe('With `card`: seconds within which a new login must work'),
  guests: z
    .array(awaitedGuest, { error: 'must be a list of guests' })
    .default([])
    .describe(
      'Guests that `libvirt_guest` will make on it. Their addresses are reserved when the network is made, which saves half a second for each',
    ),
  state: choice(['present', 'absent']).default('present').describe('Whether the network exists and runs'),
  recreate: bool().default(false).describe('Make the network anew when its parameters changed'),
})
type Params = z.output<typeof params>

/** The network of a lab's guests: NAT, DHCP and DNS by libvirt. */
export const libvirtNetwork = defineModule({
  name: 'libvirt_network',
  doc: 'Makes a libvirt network for guests, running and started at boot. Networks that hvlab did not make are never touched.',
  params,
  returns: {
    subnet: 'the subnet that the network has',
    wanted_subnet: 'the subnet that was asked for',
    bridge: 'the bridge on the host',
    active: 'whether the network runs',
  },
  async *run(context, params) {
    await using _lock = await lockHost(context, 'changes guests')
    const state = await readLibvirtOrNone(context)
    const existing = state.networks.find((network) => network.name === params.name)
    if (existing && existing.metadata?.lab !== params.lab) throw notOurs(existing, context.host)
    if (params.state === 'absent') return yield* absent(context, existing, state, params)
    const isAsWanted = existing !== undefined && changes(existing, params) === ''
    if (existing && !isAsWanted) yield* dismantled(context, existing, state, params)
    if (params.mode === 'bridge' && params.card !== undefined)
      yield* bridgeOfCard(context, params, params.card)
    return existing && isAsWanted ? yield* running(existing, params) : yield* created(context, params, state)
  },
})

async function* created(context: ModuleContext, params: Params, state: LibvirtState): Steps {
  const metadata = {
    lab: params.lab,
    run: context.runId,
    created: new Date().toISOString(),
    config: canonicalJson(configOf(params)),
  }
  const spec: NetworkSpec =
    params.mode === 'bridge'
      ? { name: params.name, mode: 'bridge', bridge: existingBridge(params, state, context.host), metadata }
      : { name: params.name, mode: params.mode, metadata, ...(await ownSubnet(context, params, state)) }
  const { bridge } = spec
  const where = spec.mode === 'bridge' ? 'bridge' : `${formatSubnet(spec.subnet)}, ${spec.mode}, bridge`
  const xml = networkXml(spec)
  yield {
    summary: `create network ${params.name} (${where} ${bridge})`,
    diff: { before: '', after: xml },
    action: {
      ...sh`(${virsh} net-define /dev/stdin >/dev/null && ${virsh} net-autostart ${params.name} >/dev/null && ${virsh} net-start ${params.name} >/dev/null)`,
      stdin: xml,
    },
  }
  const subnet = spec.mode === 'bridge' ? '' : formatSubnet(spec.subnet)
  return { data: resultData(subnet, params, bridge, !context.check) }
}

async function* bridgeOfCard(context: ModuleContext, params: Params, card: string): Steps<void> {
  const { name, lab, bridge, confirm_s: confirmS } = params
  if (bridge === undefined) throw noBridge(`Network ${name} is of mode bridge, but no bridge is named.`)
  const uuids = [networkUuid(lab, `bridge/${bridge}`), networkUuid(lab, `port/${bridge}`)] as const
  yield* makeBridge(context, { lab, bridge, card, confirmS }, uuids)
}

/** The subnet that is free, what is reserved on it, and a name for the bridge that libvirt makes. */
async function ownSubnet(
  context: ModuleContext,
  params: Params,
  state: LibvirtState,
): Promise<{ subnet: Subnet; reservations: readonly NamedReservation[]; bridge: string }> {
  const used = await usedSubnets(context, state)
  const choice = planSubnet(params.name, params.subnet, used)
  if (!choice.ok) throw new FailureError(choice.error)
  const { subnet, why } = choice.value
  if (why !== undefined) context.note('warning', why)
  // A network that is made anew keeps its own bridge's name.
  const own = state.networks.find((network) => network.name === params.name)?.bridge
  const taken = state.interfaces.filter((name) => name !== own)
  return {
    subnet,
    reservations: awaitedReservations(params.lab, awaitedGuests(params), subnet),
    bridge: bridgeName(params.lab, params.name, taken),
  }
}

function awaitedGuests({ name: network, guests }: Params): AwaitedGuest[] {
  return guests
    .filter((guest) => (guest.network ?? network) === network)
    .flatMap((guest) =>
      guestNames(guest.name, guest.count).map((name) => ({ name, ...defined({ address: guest.address }) })),
    )
}

function existingBridge({ name, bridge, card }: Params, state: LibvirtState, host: string): string {
  // One of a card was made just now, after the state was read.
  if (bridge !== undefined && (card !== undefined || state.bridges.includes(bridge))) return bridge
  const problem =
    bridge === undefined
      ? 'is of mode bridge, but no bridge is named'
      : state.interfaces.includes(bridge)
        ? `needs bridge ${bridge}, but that interface of ${host} is none`
        : `needs bridge ${bridge}, which ${host} does not have`
  const known =
    state.bridges.length > 0 ? `This host has: ${state.bridges.join(', ')}.` : 'This host has none.'
  throw noBridge(`Network ${name} ${problem}.`, known)
}

function noBridge(message: string, known = ''): FailureError {
  return moduleFailure(
    'bridge-missing',
    message,
    `Set bridge to a bridge of the host, or let one be made of a network card: card. ${known}`.trim(),
  )
}

/** The network is as it should be, or only has to be started. */
async function* running(existing: NetworkState, params: Params): Steps {
  if (!existing.autostart)
    yield {
      summary: `start network ${existing.name} at boot`,
      action: sh`${virsh} net-autostart ${existing.uuid}`,
    }
  if (!existing.active)
    yield { summary: `start network ${existing.name}`, action: sh`${virsh} net-start ${existing.uuid}` }
  const subnet = existing.subnets.map(formatSubnet).join(', ')
  return {
    data: resultData(subnet, params, existing.bridge ?? '', true),
    why: `network ${existing.name} runs on ${subnet || `bridge ${existing.bridge ?? ''}`}`,
  }
}

/** Removes a network whose parameters changed, if a person said so and no guest would lose its connection. */
async function* dismantled(
  context: ModuleContext,
  existing: NetworkState,
  state: LibvirtState,
  params: Params,
): Steps<void> {
  if (!params.recreate)
    throw moduleFailure(
      'network-differs',
      `Network ${existing.name} on ${context.host} was made with other parameters: ${changes(existing, params)}.`,
      'Set recreate: true on libvirt_network to make it anew, after `hvlab down` if guests use it.',
    )
  refuseNetworkInUse(existing, state.domains)
  yield {
    summary: `remove network ${existing.name}, whose parameters changed`,
    action: removeNetwork(existing),
  }
  yield* withoutBridge(context, existing, state)
}

async function* absent(
  context: ModuleContext,
  existing: NetworkState | undefined,
  state: LibvirtState,
  params: Params,
): Steps {
  if (!existing) return { why: `there is no network ${params.name}` }
  refuseNetworkInUse(existing, state.domains)
  yield { summary: `remove network ${existing.name}`, action: removeNetwork(existing) }
  yield* withoutBridge(context, existing, state)
  return {}
}

/** A bridge that was made of a card goes with its last network. */
async function* withoutBridge(
  context: ModuleContext,
  { name, bridge }: NetworkState,
  { networks }: LibvirtState,
): Steps<void> {
  const others = networks.filter((network) => network.name !== name)
  if (bridge !== undefined && !others.some((other) => other.bridge === bridge))
    yield* giveCardBack(context, bridge, others)
}

function notOurs(existing: NetworkState, host: string): FailureError {
  const owner = existing.metadata ? `belongs to the lab ${existing.metadata.lab}` : 'was not made by hvlab'
  return moduleFailure(
    'network-not-ours',
    `A libvirt network named ${existing.name} on ${host} ${owner}; it is not touched.`,
    'Give the lab’s network another name: hvlab_network.name.',
  )
}

/** The parameters that decide what the network is; the subnet as it was asked for. */
function configOf({ mode, subnet, bridge, card }: Params): Record<string, string> {
  return mode === 'bridge'
    ? { mode, bridge: bridge ?? '', ...defined({ card }) }
    : { mode, subnet: formatSubnet(subnet) }
}

/** In words, e.g. `mode nat → isolated`; empty when the network is as wanted. */
function changes(existing: NetworkState, params: Params): string {
  return configChanges(existing.metadata?.config ?? '', configOf(params)).join(', ')
}

function resultData(subnet: string, params: Params, bridge: string, active: boolean) {
  return { subnet, wanted_subnet: formatSubnet(params.subnet), bridge, active }
}
