import { z } from 'zod'
import { giveCardBack } from '../../bridges/bridge-steps.ts'
import { knownBridges } from '../../bridges/record.ts'
import { lines } from '../../facts/text.ts'
import { storeOf } from '../../images/deployed-image.ts'
import { dismissAll, hasRelayKeys } from '../../images/relay/relay-key.ts'
import { guestsOn } from '../../images/store.ts'
import { guestHost, machineCount } from '../../lab/access/guest-host.ts'
import { guestKey } from '../../lab/access/guest-key.ts'
import { closePort, orphanedPorts } from '../../lab/access/port-forward.ts'
import { reachOf } from '../../lab/access/ssh-command.ts'
import { drift } from '../../lab/drift.ts'
import { readConfig } from '../../lab/guest-config.ts'
import { guestsFolder } from '../../lab/guest-files.ts'
import { phaseOf } from '../../lab/guest-phase.ts'
import { removeDeadLock } from '../../lab/host/host-lock.ts'
import { domainName } from '../../lab/identity.ts'
import { formatSubnet } from '../../lab/ipv4.ts'
import { definedHere, startDaemons } from '../../lab/libvirt/daemons.ts'
import { type DomainState, uses } from '../../lab/libvirt/domain-state.ts'
import { libvirtAbsence, libvirtFailure } from '../../lab/libvirt/libvirt-failure.ts'
import { type LibvirtState, libvirtState, noLibvirt } from '../../lab/libvirt/libvirt-state.ts'
import type { GuestMetadata } from '../../lab/libvirt/metadata.ts'
import type { NetworkState } from '../../lab/libvirt/network-xml.ts'
import { damageInWords } from '../../lab/plan-guests.ts'
import {
  orphanedFolders,
  refuseNetworkInUse,
  removeFolder,
  removeGuest,
  removeNetwork,
  removeStore,
} from '../../lab/removal.ts'
import type { Change, Steps } from '../../model/change.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'
import { counted } from '../../util/words.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { bool, choice, text } from '../params.ts'

const params = z.strictObject({
  state: choice(['absent', 'facts'])
    .default('facts')
    .describe('`facts` lists guests; `absent` removes everything of hvlab’s'),
  lab: text()
    .optional()
    .describe('Only this lab’s guests and networks; default: all that hvlab made on the host'),
  images: bool()
    .default(false)
    .describe('With `absent`: remove the image store too, unless disks of guests that stay stand on it'),
})
type Params = z.output<typeof params>

/** What hvlab made on a hypervisor, found by the metadata that everything of hvlab's carries. */
export const libvirtLab = defineModule({
  name: 'libvirt_lab',
  doc: 'Lists or removes what hvlab made on a hypervisor. It is found by hvlab’s metadata in libvirt, so no file on the controller is needed and nothing else is touched.',
  params,
  returns: {
    guests:
      'a list of name, host, domain, address, state, image, accelerator, lab, created, interfaces, ports, agent, declared and drift: in what the domain is no longer what was declared',
    hypervisor: 'how the controller reaches this host',
    networks: 'a list of name, subnet, active, lab',
    damaged:
      'a list of domain and fields: guests whose metadata somebody changed, so that they count as not hvlab’s',
  },
  async *run(context, params) {
    if (params.state === 'absent' && (yield* awoken(context)) === 'shown') return {}
    const state = await stateOrNothing(context)
    const guests = state.domains.filter((domain) => isOurs(domain.metadata, params))
    const damaged = state.domains.flatMap(({ name, damaged: fields }) =>
      fields === undefined ? [] : { domain: name, fields: [...fields] },
    )
    for (const { domain, fields } of damaged)
      context.note('warning', `The domain ${domain} ${damageInWords(fields)}; it is not touched.`)
    const networks = state.networks.filter((network) => isOurs(network.metadata, params))
    if (params.state === 'absent') return yield* absent(context, params, state)
    const listed = guests.flatMap((domain) =>
      domain.metadata ? [{ domain, metadata: domain.metadata }] : [],
    )
    const { path: keyFile } = await guestKey(context.controller)
    const hypervisors = machineCount(context.hosts())
    const hosts = listed.map(({ metadata }) =>
      guestHost(metadata, { hypervisor: context.host, hypervisors, keyFile }),
    )
    return {
      data: {
        hypervisor: await reachOf(context),
        guests: listed.map(({ domain, metadata }, index) =>
          guestData(domain, metadata, state, { host: hosts[index]?.name ?? '', keyFile }),
        ),
        networks: networks.map(({ name, subnets, active, metadata }) => ({
          name,
          subnet: subnets.map(formatSubnet).join(', '),
          active,
          lab: metadata?.lab ?? '',
        })),
        damaged,
      },
      why: `${counted(listed.length, 'guest')} of hvlab`,
      effects: { hosts: hosts.filter((_host, index) => listed[index]?.domain.running) },
    }
  },
})

/** More often than this, somebody makes guests while they are removed. */
const mostRounds = 5

/**
 * Removes, and looks again until nothing is there: commands of a run that was killed may still have been under way
 * when the state was read.
 */
async function* absent(context: ModuleContext, params: Params, state: LibvirtState): Steps {
  let found = state
  for (let round = 1; ; round += 1) {
    const removed = yield* removeAll(context, params, found)
    if (removed === 0 || context.check) break
    if (round === mostRounds)
      throw moduleFailure(
        'lab-not-removed',
        `Guests or networks of hvlab’s were made on ${context.host} while they were removed.`,
        'Another run of hvlab is under way: let it end, or interrupt it, and run `hvlab down` again.',
      )
    found = await stateOrNothing(context)
  }
  if (params.images) yield* withoutStore(context, doomedBy(params, state))
  if (params.lab === undefined) yield* withoutRelayKeys(context)
  // Of a run that was killed; no change that people would look for.
  if (!context.check) await context.run(removeDeadLock())
  return { why: 'nothing of hvlab’s is here' }
}

/** Guests before their networks, left-overs of interrupted runs between them; returns how many changes it took. */
async function* removeAll(context: ModuleContext, params: Params, state: LibvirtState): Steps<number> {
  let changes = 0
  const remaining = state.domains.filter((domain) => !isOurs(domain.metadata, params))
  const own = state.networks.filter(({ metadata }) => isOurs(metadata, params))
  const doomed = own.filter(({ name }) => !remaining.some((domain) => uses(domain, name)))
  for (const step of removals(params, state, doomed)) {
    yield step
    changes += 1
  }
  for (const network of own) {
    refuseNetworkInUse(network, remaining)
    yield { summary: `remove network ${network.name}`, action: removeNetwork(network) }
    changes += 1
  }
  const others = state.networks.filter(({ metadata }) => !isOurs(metadata, params))
  for (const known of await context.freshFact(knownBridges)) {
    if (known.state !== 'unreadable' && !isOurs(known, params)) continue
    yield* giveCardBack(context, known.bridge, others)
    changes += 1
  }
  return changes
}

function removals(params: Params, state: LibvirtState, doomed: readonly NetworkState[]): Change[] {
  // A reservation goes with its network. To take it out, libvirt would load all firewall rules of the network anew.
  const networks = state.networks.filter((network) => !doomed.includes(network))
  return [
    ...state.domains
      .filter(({ metadata }) => isOurs(metadata, params))
      .map((domain) => ({
        summary: `remove guest ${domain.name} with its disk`,
        action: removeGuest(domain, { networks, forwards: state.forwards }),
      })),
    ...orphanedFolders(state)
      .filter((folder) => isOfLab(folder, params))
      .map((folder) => ({
        summary: `remove what an interrupted run left of ${folder}`,
        action: removeFolder(folder),
      })),
    ...orphanedPorts(state.forwards, state.domains)
      .filter(({ domain }) => isOfLab(domain, params))
      .map(({ host, domain }) => ({
        summary: `close port ${host}, ${domain === '' ? 'whose file is damaged' : `which led to ${domain}`}`,
        action: closePort(host),
      })),
  ]
}

/** Of copies of images that were killed. They are the login user's, whoever does the rest. */
async function* withoutRelayKeys(context: ModuleContext): Steps<void> {
  const login = context.peer(context.host)
  const found = await login.run(hasRelayKeys())
  if (found.exitCode === 0)
    yield {
      summary: 'take away keys that an interrupted copy of an image left',
      action: () => login.run(dismissAll()),
    }
}

/** Domains of the guests that go, and of what is left of some; in check mode their disks are there still. */
function doomedBy(params: Params, state: LibvirtState): ReadonlySet<string> {
  const own = state.domains.filter(({ metadata }) => isOurs(metadata, params)).map(({ name }) => name)
  return new Set([...own, ...orphanedFolders(state).filter((folder) => isOfLab(folder, params))])
}

/** Without it, disks of other labs' guests, and of those whose metadata somebody changed, are worth nothing. */
async function* withoutStore(context: ModuleContext, doomed: ReadonlySet<string>): Steps<void> {
  const store = storeOf(context)
  const there = await context.run(sh`[ -e ${store} ]`)
  if (there.exitCode !== 0) return
  const guests = (await guestsOn(context, store)).filter((guest) => !doomed.has(guest))
  if (guests.length > 0)
    context.note('warning', `The image store ${store} stays: the disks of ${guests.join(', ')} stand on it.`)
  else yield { summary: `remove the image store ${store}`, action: removeStore(store) }
}

/** After a crash of everything nothing but hvlab starts libvirt on a host without systemd. Check mode can only say so. */
async function* awoken(context: ModuleContext): Steps<'ready' | 'shown'> {
  const state = await context.freshFact(libvirtState)
  if (state.ok || libvirtAbsence(state.error) !== 'not-running') return 'ready'
  const defined = await context.freshFact(definedHere)
  const started = defined.length > 0 ? yield* startDaemons(context) : []
  if (!context.check || started.length === 0) return 'ready'
  yield {
    summary: `remove what hvlab defined: ${printable(defined.join(', '))}`,
    action: async () => undefined,
  }
  return 'shown'
}

/** A host without libvirt has no guests; a libvirt that does not answer may have some, and that is an error. */
async function stateOrNothing(context: ModuleContext): Promise<LibvirtState> {
  const state = await context.freshFact(libvirtState)
  if (state.ok) return state.value
  if (libvirtAbsence(state.error) === undefined || (await context.freshFact(definedHere)).length > 0)
    throw new FailureError(libvirtFailure(context.host, state.error))
  const listing = await context.run(sh`ls ${guestsFolder} 2>/dev/null`)
  return { ...noLibvirt, folders: lines(listing.stdout) }
}

function isOfLab(domain: string, { lab }: Params): boolean {
  return lab === undefined || domain.startsWith(`${lab}-`)
}

function isOurs(metadata: { readonly lab: string } | undefined, params: Params): boolean {
  return metadata !== undefined && (params.lab === undefined || metadata.lab === params.lab)
}

function guestData(
  domain: DomainState,
  metadata: GuestMetadata,
  { networks, forwards }: LibvirtState,
  { host, keyFile }: { readonly host: string; readonly keyFile: string },
): Vars {
  const reserved = networks.flatMap(({ reservations }) => reservations)
  return {
    name: metadata.guest,
    host,
    domain: domainName(metadata.lab, metadata.guest),
    address: metadata.address,
    state: phaseOf(domain.state),
    state_reason: domain.state,
    image: metadata.image,
    accelerator: { type: metadata.accelerator, reason: metadata.acceleratorReason },
    lab: metadata.lab,
    run: metadata.run,
    created: metadata.created,
    user: metadata.user,
    host_key: metadata.hostKey,
    key_file: keyFile,
    interfaces: domain.interfaces.map(({ mac, network }) => ({
      mac,
      network: network ?? null,
      address:
        network === metadata.network
          ? metadata.address
          : (reserved.find((entry) => entry.mac === mac)?.address ?? null),
    })),
    ports: forwards
      .filter((forward) => forward.domain === domain.name)
      .map((forward) => ({
        address: forward.address,
        host: forward.host,
        guest: forward.guest,
        alive: forward.alive,
      })),
    agent: domain.agent ?? null,
    declared: { ...(readConfig(metadata.config) as Vars) },
    drift: drift(domain),
  }
}
