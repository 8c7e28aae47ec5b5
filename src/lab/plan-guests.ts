import { type DeployedImage, deployedImage } from '../images/deployed-image.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { type KeyPair, newHostKey } from './access/guest-key.ts'
import { declaredAddresses, refuseTakenAddress } from './declared-addresses.ts'
import { configText, readConfig, type WantedGuest } from './guest-config.ts'
import { chooseAddress, type PlannedGuest, type PlannedNic } from './guest-steps.ts'
import { networksOf } from './hardware.ts'
import { resolveAccelerator } from './host/accelerator-choice.ts'
import { chooseCpu, cpuChoices } from './host/cpu-model.ts'
import { domainName, interfaceMac, type Reservation } from './identity.ts'
import { contains, parseAddress } from './ipv4.ts'
import type { DomainState } from './libvirt/domain-state.ts'
import type { LibvirtState } from './libvirt/libvirt-state.ts'
import type { GuestMetadata } from './libvirt/metadata.ts'
import type { NetworkState } from './libvirt/network-xml.ts'

/** The domain of a guest, if libvirt has one of its name. */
export function domainOf(
  guest: Pick<WantedGuest, 'lab' | 'name'>,
  state: LibvirtState,
): DomainState | undefined {
  return state.domains.find((domain) => domain.name === domainName(guest.lab, guest.name))
}

/** Of a domain whose metadata hvlab cannot read any more. */
export function damageInWords(fields: readonly string[]): string {
  return `was made by hvlab, but its metadata cannot be read any more (${fields.join(', ')})`
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
      : domain.damaged
        ? damageInWords(domain.damaged)
        : 'was not made by hvlab'
    throw new FailureError({
      reason: 'module',
      code: 'domain-name-taken',
      message: `The domain ${domain.name} on ${host} ${owner}; it is not touched.`,
      hint: 'Give the guest another name, or the lab (parameter lab).',
    })
  }
}

/** Decides everything about new guests; looks at the host, and changes nothing. */
export async function planGuests(
  context: ModuleContext,
  wanted: readonly WantedGuest[],
  state: LibvirtState,
): Promise<{ guest: PlannedGuest; hostKey: KeyPair }[]> {
  const planned: { guest: PlannedGuest; hostKey: KeyPair }[] = []
  const reserved = wanted.flatMap((guest) => declaredAddresses(guest.lab, [guest]))
  for (const guest of wanted) {
    const nics = planNics(guest, state, context.host, reserved)
    reserved.push(...nics.flatMap(({ mac, address }) => (address === undefined ? [] : { mac, address })))
    const image = await imageFor(context, guest)
    const accelerator = await resolveAccelerator(context, guest.accelerator, image)
    const cpu = guest.cpu ?? chooseCpu(accelerator.type, await context.fact(cpuChoices, accelerator.type))
    const hostKey = await newHostKey(context.controller)
    const metadata: GuestMetadata = {
      lab: guest.lab,
      guest: guest.name,
      run: context.runId,
      created: new Date().toISOString(),
      image: image.name,
      imageKey: image.key,
      network: guest.network,
      address: addressOf(guest, nics),
      accelerator: accelerator.type,
      acceleratorReason: accelerator.reason,
      user: image.loginUser,
      hostKey: hostKey.publicKey,
      config: configText(guest, accelerator.type, cpu),
    }
    planned.push({ guest: { wanted: guest, cpu, image, nics, metadata }, hostKey })
  }
  return planned
}

/** The same for a guest that exists and changes: what is left to hvlab stays as it was chosen, its identity too. */
export async function replanGuest(
  context: ModuleContext,
  wanted: WantedGuest,
  existing: GuestMetadata,
  state: LibvirtState,
): Promise<PlannedGuest> {
  const image = await imageFor(context, wanted)
  const kept = wanted.accelerator === 'auto' || wanted.accelerator === existing.accelerator
  const accelerator = kept
    ? { type: existing.accelerator, reason: existing.acceleratorReason }
    : await resolveAccelerator(context, wanted.accelerator, image)
  const chosen = readConfig(existing.config)['cpu']
  const cpu =
    wanted.cpu ??
    (kept && typeof chosen === 'string'
      ? chosen
      : chooseCpu(accelerator.type, await context.fact(cpuChoices, accelerator.type)))
  const nics = planNics(wanted, state, context.host, [])
  return {
    wanted,
    cpu,
    image,
    nics,
    metadata: {
      ...existing,
      address: addressOf(wanted, nics),
      accelerator: accelerator.type,
      acceleratorReason: accelerator.reason,
      config: configText(wanted, accelerator.type, cpu),
    },
  }
}

async function imageFor(context: ModuleContext, guest: WantedGuest): Promise<DeployedImage> {
  const image = await deployedImage(context, guest.image)
  const neededGb = image.manifest.virtual_size / 2 ** 30
  if (guest.diskGb < neededGb) throw diskTooSmall(guest, neededGb)
  // Images from packages have no boot loader: the kernel is given to QEMU.
  if (guest.firmware !== 'direct' && image.manifest.builder === 'packages')
    throw new FailureError({
      reason: 'module',
      code: 'guest-cannot-boot',
      message: `Guest ${guest.name} is to boot by ${guest.firmware === 'uefi' ? 'UEFI' : 'BIOS'}, but image ${guest.image} has no boot loader.`,
      hint: 'Leave firmware out (direct kernel boot), or take an image that an installer made.',
    })
  return image
}

function planNics(
  guest: WantedGuest,
  state: LibvirtState,
  host: string,
  reserved: readonly Reservation[],
): PlannedNic[] {
  return networksOf(guest).map((name): PlannedNic => {
    const network = runningNetwork(guest, name, state, host)
    const mac = interfaceMac(guest.lab, guest.name, name, guest.network)
    const given = name === guest.network ? guest.address?.ip.split('/')[0] : undefined
    const onSubnet =
      given !== undefined && network.subnets.some((subnet) => contains(subnet, parseAddress(given) ?? 0))
    if (given !== undefined && onSubnet)
      refuseTakenAddress(guest.name, { mac, address: given }, network, state, host)
    const address =
      given === undefined ? chooseAddress(guest.name, mac, network, reserved) : onSubnet ? given : undefined
    return { network, mac, ...(address === undefined ? {} : { address }) }
  })
}

function addressOf(guest: WantedGuest, [main]: readonly PlannedNic[]): string {
  const address = guest.address?.ip.split('/')[0] ?? main?.address
  if (address !== undefined) return address
  throw new FailureError({
    reason: 'module',
    code: 'guest-without-address',
    message: `Guest ${guest.name} would have no known address: network ${guest.network} is a bridge, where hvlab gives none out.`,
    hint: 'Set address: {ip: 10.0.0.7/24, gateway: 10.0.0.1} for this guest, or make the bridge one of its further networks.',
  })
}

/** A network of ours that runs; throws what is wrong with it. */
export function runningNetwork(
  guest: Pick<WantedGuest, 'name'>,
  name: string,
  state: LibvirtState,
  host: string,
): NetworkState {
  const network = state.networks.find((candidate) => candidate.name === name)
  if (network?.active && network.metadata) return network
  const problem = !network ? 'does not exist' : network.metadata ? 'does not run' : 'was not made by hvlab'
  throw new FailureError({
    reason: 'module',
    code: 'network-missing',
    message: `Guest ${guest.name} needs network ${name}, which ${problem} on ${host}.`,
    hint: `Put a task \`libvirt_network: {name: ${name}}\` for this host before this one.`,
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
