import { z } from 'zod'
import { lines } from '../facts/text.ts'
import { storeOf } from '../images/deployed-image.ts'
import { dismissAll, hasRelayKeys } from '../images/relay/relay-key.ts'
import type { DomainState } from '../lab/domain-state.ts'
import { guestsFolder } from '../lab/guest-files.ts'
import { guestHost, machineCount } from '../lab/guest-host.ts'
import { guestKey } from '../lab/guest-key.ts'
import { phaseOf } from '../lab/guest-phase.ts'
import { domainName } from '../lab/identity.ts'
import { formatSubnet } from '../lab/ipv4.ts'
import { isVirshMissing, libvirtFailure } from '../lab/libvirt-failure.ts'
import { type LibvirtState, libvirtState } from '../lab/libvirt-state.ts'
import type { GuestMetadata } from '../lab/metadata.ts'
import {
  orphanedFolders,
  refuseNetworkInUse,
  removeFolder,
  removeGuest,
  removeNetwork,
  removeStore,
} from '../lab/removal.ts'
import { reachOf } from '../lab/ssh-command.ts'
import { FailureError } from '../model/failure.ts'
import type { Vars } from '../model/value.ts'
import { sh } from '../util/sh.ts'
import { defineModule, type ModuleContext, type Steps } from './module.ts'
import { bool, choice, text } from './params.ts'

const params = z.strictObject({
  state: choice(['absent', 'facts'])
    .default('facts')
    .describe('`facts` lists guests; `absent` removes everything of hvlab’s'),
  lab: text()
    .optional()
    .describe('Only this lab’s guests and networks; default: all that hvlab made on the host'),
  images: bool().default(false).describe('With `absent`: remove the image store too'),
})
type Params = z.output<typeof params>

/** What hvlab made on a hypervisor, found by the metadata that everything of hvlab's carries. */
export const libvirtLab = defineModule({
  name: 'libvirt_lab',
  doc: 'Lists or removes what hvlab made on a hypervisor. It is found by hvlab’s metadata in libvirt, so no file on the controller is needed and nothing else is touched.',
  params,
  returns: {
    guests: 'a list of name, host, domain, address, state, image, accelerator, lab, created',
    hypervisor: 'how the controller reaches this host',
    networks: 'a list of name, subnet, active, lab',
  },
  async *run(context, params) {
    const state = await stateOrNothing(context)
    const guests = state.domains.filter((domain) => isOurs(domain.metadata, params))
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
          guestData(domain, metadata, hosts[index]?.name ?? '', keyFile),
        ),
        networks: networks.map(({ name, subnets, active, metadata }) => ({
          name,
          subnet: subnets.map(formatSubnet).join(', '),
          active,
          lab: metadata?.lab ?? '',
        })),
      },
      why: `${listed.length} guest${listed.length === 1 ? '' : 's'} of hvlab`,
      effects: { hosts: hosts.filter((_host, index) => listed[index]?.domain.running) },
    }
  },
})

/** Guests before their networks, left-overs of interrupted runs last. */
async function* absent(context: ModuleContext, params: Params, state: LibvirtState): Steps {
  for (const domain of state.domains)
    if (isOurs(domain.metadata, params))
      yield {
        summary: `remove guest ${domain.name} with its disk`,
        action: removeGuest(domain, state.networks),
      }
  for (const folder of orphanedFolders(state))
    if (params.lab === undefined || folder.startsWith(`${params.lab}-`))
      yield { summary: `remove what an interrupted run left of ${folder}`, action: removeFolder(folder) }
  const remaining = state.domains.filter((domain) => !isOurs(domain.metadata, params))
  for (const network of state.networks.filter(({ metadata }) => isOurs(metadata, params))) {
    refuseNetworkInUse(network, remaining)
    yield { summary: `remove network ${network.name}`, action: removeNetwork(network) }
  }
  if (params.images) yield* withoutStore(context)
  if (params.lab === undefined) yield* withoutRelayKeys(context)
  return { why: 'nothing of hvlab’s is here' }
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

async function* withoutStore(context: ModuleContext): Steps<void> {
  const store = storeOf(context)
  const there = await context.run(sh`[ -e ${store} ]`)
  if (there.exitCode === 0) yield { summary: `remove the image store ${store}`, action: removeStore(store) }
}

/** A host without libvirt has no guests; a libvirt that does not answer may have some, and that is an error. */
async function stateOrNothing(context: ModuleContext): Promise<LibvirtState> {
  const state = await context.freshFact(libvirtState)
  if (state.ok) return state.value
  if (!isVirshMissing(state.error)) throw new FailureError(libvirtFailure(context.host, state.error))
  const listing = await context.run(sh`ls ${guestsFolder} 2>/dev/null`)
  const folders = lines(listing.stdout)
  return { networks: [], domains: [], cpus: 1, interfaces: [], folders, ready: new Map() }
}

function isOurs(metadata: { readonly lab: string } | undefined, params: Params): boolean {
  return metadata !== undefined && (params.lab === undefined || metadata.lab === params.lab)
}

function guestData(domain: DomainState, metadata: GuestMetadata, host: string, keyFile: string): Vars {
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
  }
}
