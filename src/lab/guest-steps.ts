import type { DeployedImage } from '../images/deployed-image.ts'
import type { Change, Steps } from '../model/change.ts'
import { FailureError } from '../model/failure.ts'
import { sh } from '../util/sh.ts'
import type { KeyPair } from './access/guest-key.ts'
import { forwardSteps, type KnownForward } from './access/port-forward.ts'
import type { WantedGuest } from './guest-config.ts'
import { type GuestFiles, guestFiles, guestsFolder } from './guest-files.ts'
import { type ExtraDisk, vcpuLimit } from './hardware.ts'
import { domainName, guestAddress, type NamedReservation, type Reservation } from './identity.ts'
import { domainXml } from './libvirt/domain-xml.ts'
import type { GuestMetadata } from './libvirt/metadata.ts'
import { type NetworkState, reservationXml } from './libvirt/network-xml.ts'
import { virsh } from './libvirt/virsh.ts'
import { seedTexts, writeSeed } from './seed.ts'
import { definitionFailure } from './start-failure.ts'

/** Everything that is decided about a guest before anything of it is made. */
export interface PlannedGuest {
  readonly wanted: WantedGuest
  readonly metadata: GuestMetadata
  readonly cpu: string
  readonly image: DeployedImage
  /** One for each network, the main one first. */
  readonly nics: readonly PlannedNic[]
}

export interface PlannedNic {
  readonly network: NetworkState
  readonly mac: string
  /** Reserved for it; undefined on a bridge, where somebody else gives addresses out. */
  readonly address?: string
}

/**
 * The changes that make a guest, in an order that leaves nothing which a second run would take for whole: files
 * first, DHCP before the first request, the domain after them, the ports that lead to it last. Starting it is another step.
 */
export function creationSteps(
  guest: PlannedGuest,
  hostKey: KeyPair,
  forwards: readonly KnownForward[],
): Change[] {
  const { wanted, metadata } = guest
  const domain = domainName(wanted.lab, wanted.name)
  const files = guestFiles(domain)
  const texts = seedTexts({
    hostname: wanted.name,
    user: metadata.user,
    authorizedKey: wanted.authorizedKey,
    hostKey,
    hotplug: vcpuLimit(wanted) > wanted.vcpus,
    ...(wanted.cloudInit ? { cloudInit: wanted.cloudInit } : {}),
    ...(wanted.address ? { address: { ...wanted.address, mac: guest.nics[0]?.mac ?? '' } } : {}),
  })
  return [
    mainDiskStep(guest, files),
    ...wanted.disks.map((disk) => extraDiskStep(wanted.name, disk, files)),
    {
      summary: `write the seed of ${wanted.name}: user ${metadata.user}, SSH keys, host name`,
      action: writeSeed(texts, files),
    },
    ...guest.nics.flatMap((nic) => reservationSteps(wanted.name, nic)),
    definitionStep(guest, `define domain ${domain}`),
    ...forwardSteps(domain, metadata.address, wanted.ports, forwards),
  ]
}

function mainDiskStep({ wanted, image }: PlannedGuest, files: GuestFiles): Change {
  const file = files.mainDisk(wanted.disk)
  const size = `${wanted.diskGb}G`
  const format = wanted.disk.mode === 'raw' ? 'raw' : 'qcow2'
  const make =
    wanted.disk.mode === 'overlay'
      ? sh`qemu-img create -q -f qcow2 -F qcow2 -b ${image.disk} ${file} ${size}`
      : sh`qemu-img convert -q -O ${format} ${image.disk} ${file} && qemu-img resize -q -f ${format} ${file} ${size}`
  const kind =
    wanted.disk.mode === 'overlay'
      ? `over image ${wanted.image}`
      : `as a ${wanted.disk.mode === 'raw' ? 'raw' : 'full'} copy of image ${wanted.image}`
  return {
    summary: `create the disk of ${wanted.name}: ${wanted.diskGb} GiB ${kind}`,
    // What lies there belongs to no domain: an interrupted run left it.
    action: sh`(umask 022; rm -rf --one-file-system ${files.folder} && mkdir -p ${guestsFolder} && mkdir ${files.folder} && ${make})`,
  }
}

export function extraDiskStep(guest: string, disk: ExtraDisk, files: GuestFiles): Change {
  return {
    summary: `create disk ${disk.name} of ${guest}: ${disk.sizeGb} GiB ${disk.format}`,
    action: sh`(umask 022; qemu-img create -q -f ${disk.format} ${files.extraDisk(disk)} ${`${disk.sizeGb}G`})`,
  }
}

/** DHCP gives the interface its address, and no other that was reserved for it earlier. */
export function reservationSteps(guest: string, { network, mac, address }: PlannedNic): Change[] {
  if (address === undefined) return []
  const own = network.reservations.filter((entry) => entry.mac === mac)
  const stale = own.filter((entry) => entry.address !== address)
  return [
    ...stale.map((entry) => ({
      summary: `free ${entry.address}, which ${guest} had`,
      action: updateReservations(network, 'delete', { ...entry, name: guest }),
    })),
    ...(own.length > stale.length
      ? []
      : [
          {
            summary: `reserve ${address} for ${guest} (${mac}) on network ${network.name}`,
            action: updateReservations(network, 'add', { mac, address, name: guest }),
          },
        ]),
  ]
}

export function updateReservations(
  network: NetworkState,
  action: 'add' | 'delete',
  reservation: NamedReservation,
) {
  return sh`${virsh} net-update ${network.name} ${action} ip-dhcp-host ${reservationXml(reservation)} ${network.active ? ['--live', '--config'] : ['--config']} >/dev/null`
}

/** Defines the domain, or defines it anew: what runs already stays as it is until its next start. */
export function definitionStep(guest: PlannedGuest, doing: string): Change {
  const { wanted, metadata, image } = guest
  const xml = domainXml({
    metadata,
    hardware: wanted,
    cpu: guest.cpu,
    arch: 'x86_64',
    boot: { kernel: image.kernel, initrd: image.initrd, cmdline: image.cmdline },
    files: guestFiles(domainName(wanted.lab, wanted.name)),
    base: image.disk,
  })
  return {
    summary: `${doing}: ${wanted.vcpus} vCPU ${guest.cpu}, ${wanted.memoryMb} MiB, ${metadata.accelerator === 'kvm' ? 'KVM' : 'emulated (TCG)'}`,
    diff: { before: '', after: xml },
    // What libvirt says about it is explained; see `explained`.
    allowFailure: true,
    action: { ...sh`${virsh} define /dev/stdin >/dev/null`, stdin: xml },
  }
}

/** Makes the changes of one guest; a definition that libvirt refuses is explained. */
export async function* explained(steps: readonly Change[], domain: string, host: string): Steps<void> {
  for (const step of steps) {
    const { command } = yield step
    if (command !== undefined && command.exitCode !== 0)
      throw new FailureError(definitionFailure(domain, host, command.stderr))
  }
}

/** The address that an interface gets on a network. Those planned before it in the same run have theirs already. */
export function chooseAddress(
  guest: string,
  mac: string,
  network: NetworkState,
  planned: readonly Reservation[],
): string | undefined {
  const subnet = network.subnets[0]
  if (!subnet) return undefined
  const address = guestAddress(mac, subnet, [...network.reservations, ...planned])
  if (address !== undefined) return address
  throw new FailureError({
    reason: 'module',
    code: 'network-full',
    message: `Network ${network.name} has no address left for guest ${guest}.`,
    hint: 'Give the network a larger subnet (hvlab_network.subnet), or make a second network.',
  })
}
