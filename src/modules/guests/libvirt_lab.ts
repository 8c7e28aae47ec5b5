import { z } from 'zod'
import { guestHost, machineCount } from '../../lab/access/guest-host.ts'
import { guestKey } from '../../lab/access/guest-key.ts'
import { reachOf } from '../../lab/access/ssh-command.ts'
import { drift } from '../../lab/drift.ts'
import { readConfig } from '../../lab/guest-config.ts'
import { phaseOf } from '../../lab/guest-phase.ts'
import { domainName } from '../../lab/identity.ts'
import { formatSubnet } from '../../lab/ipv4.ts'
import type { DomainState } from '../../lab/libvirt/domain-state.ts'
import type { LibvirtState } from '../../lab/libvirt/libvirt-state.ts'
import type { GuestMetadata } from '../../lab/libvirt/metadata.ts'
import { damageInWords } from '../../lab/plan-guests.ts'
import type { Vars } from '../../model/value.ts'
import { counted } from '../../util/words.ts'
import { defineModule } from '../module.ts'
import { bool, choice, text } from '../params.ts'
import { removeLab } from './lab-removal.ts'
import { awokenState, isOurs, stateOrNothing } from './lab-scope.ts'

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
    const state = params.state === 'absent' ? yield* awokenState(context) : await stateOrNothing(context)
    if (state === undefined) return {}
    const guests = state.domains.filter((domain) => isOurs(domain.metadata, params))
    const damaged = state.domains.flatMap(({ name, damaged: fields }) =>
      fields === undefined ? [] : { domain: name, fields: [...fields] },
    )
    for (const { domain, fields } of damaged)
      context.note('warning', `The domain ${domain} ${damageInWords(fields)}; it is not touched.`)
    const networks = state.networks.filter((network) => isOurs(network.metadata, params))
    if (params.state === 'absent') return yield* removeLab(context, params, state)
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
