import { deployedImage } from '../images/deployed-image.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../modules/module.ts'
import { resolveAccelerator } from './accelerator-choice.ts'
import { chooseCpu, cpuChoices } from './cpu-model.ts'
import type { DomainState } from './domain-state.ts'
import { configText, differences, type WantedGuest } from './guest-config.ts'
import { newHostKey } from './guest-key.ts'
import { chooseAddress, type PlannedGuest } from './guest-steps.ts'
import { domainName, guestMac, type Reservation } from './identity.ts'
import type { LibvirtState } from './libvirt-state.ts'
import type { NetworkState } from './network-xml.ts'

/** The domain of a guest, if libvirt has one of its name. */
export function domainOf(
  guest: Pick<WantedGuest, 'lab' | 'name'>,
  state: LibvirtState,
): DomainState | undefined {
  return state.domains.find((domain) => domain.name === domainName(guest.lab, guest.name))
}

/** Throws when a domain has a guest's name but was not made for it. */
export function refuseForeign(
  guests: readonly Pick<WantedGuest, 'lab' | 'name'>[],
  state: LibvirtState,
  host: string,
): void {
  for (const guest of guests) {
    const domain = domainOf(guest, state)
    if (!domain || (domain.metadata?.lab === guest.lab && domain.metadata.guest === guest.name)) continue
    const owner = domain.metadata
      ? `is guest ${domain.metadata.guest} of the lab ${domain.metadata.lab}`
      : 'was not made by hvlab'
    throw new FailureError({
      reason: 'module',
      code: 'domain-name-taken',
      message: `The domain ${domain.name} on ${host} ${owner}; it is not touched.`,
      hint: 'Give the guest another name, or the lab (parameter lab).',
    })
  }
}

/** Guests that exist but were made with other parameters; throws unless they may be made anew. */
export function outdatedGuests(
  wanted: readonly WantedGuest[],
  state: LibvirtState,
  host: string,
  recreate: boolean,
): DomainState[] {
  const outdated = wanted.flatMap((guest) => {
    const domain = domainOf(guest, state)
    const changes = domain?.metadata ? differences(domain.metadata, guest) : []
    return domain && changes.length > 0 ? [{ domain, changes }] : []
  })
  const [first] = outdated
  if (!first || recreate) return outdated.map(({ domain }) => domain)
  throw new FailureError({
    reason: 'module',
    code: 'guest-differs',
    message: `Guest ${first.domain.name} on ${host} was made with other parameters: ${first.changes.join(', ')}.`,
    hint: 'Set recreate: true on libvirt_guest (the role guests: -e hvlab_recreate=true) to delete it with its disk and make it anew.',
    ...(outdated.length > 1
      ? { details: outdated.map(({ domain, changes }) => `${domain.name}: ${changes.join(', ')}`).join('\n') }
      : {}),
  })
}

/** Decides everything about new guests; looks at the host, and changes nothing. */
export async function planGuests(
  context: ModuleContext,
  wanted: readonly WantedGuest[],
  state: LibvirtState,
): Promise<PlannedGuest[]> {
  const planned: PlannedGuest[] = []
  const reserved: Reservation[] = []
  for (const guest of wanted) {
    const network = runningNetwork(guest, state, context.host)
    const image = await deployedImage(context, guest.image)
    const neededGb = image.manifest.virtual_size / 2 ** 30
    if (guest.diskGb < neededGb) throw diskTooSmall(guest, neededGb)
    const accelerator = await resolveAccelerator(context, guest.accelerator, image)
    const cpu = guest.cpu ?? chooseCpu(accelerator.type, await context.fact(cpuChoices, accelerator.type))
    const address = chooseAddress(guest, network, reserved)
    reserved.push({ mac: guestMac(guest.lab, guest.name), address })
    const hostKey = await newHostKey(context.controller)
    planned.push({
      wanted: guest,
      cpu,
      image,
      network,
      hostKey,
      metadata: {
        lab: guest.lab,
        guest: guest.name,
        run: context.runId,
        created: new Date().toISOString(),
        image: image.name,
        imageKey: image.key,
        network: network.name,
        address,
        accelerator: accelerator.type,
        acceleratorReason: accelerator.reason,
        user: image.loginUser,
        hostKey: hostKey.publicKey,
        config: configText(guest, accelerator.type, cpu),
      },
    })
  }
  return planned
}

/** The network of a guest. Throws when it does not run or is not hvlab's. */
export function runningNetwork(
  guest: Pick<WantedGuest, 'name' | 'network'>,
  state: LibvirtState,
  host: string,
): NetworkState {
  const network = state.networks.find((candidate) => candidate.name === guest.network)
  if (network?.active && network.metadata) return network
  const problem = !network ? 'does not exist' : network.metadata ? 'does not run' : 'was not made by hvlab'
  throw new FailureError({
    reason: 'module',
    code: 'network-missing',
    message: `Guest ${guest.name} needs network ${guest.network}, which ${problem} on ${host}.`,
    hint: `Put a task \`libvirt_network: {name: ${guest.network}}\` for this host before this one.`,
  })
}

function diskTooSmall(guest: WantedGuest, neededGb: number): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'guest-disk-too-small',
    message: `The disk of guest ${guest.name} would have ${guest.diskGb} GiB, but image ${guest.image} has ${neededGb}.`,
    hint: `Set disk_gb to ${Math.ceil(neededGb)} or more.`,
  })
}
