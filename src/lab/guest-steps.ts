import type { DeployedImage } from '../images/deployed-image.ts'
import { FailureError } from '../model/failure.ts'
import type { Change } from '../modules/module.ts'
import { sh } from '../util/sh.ts'
import { domainXml } from './domain-xml.ts'
import type { WantedGuest } from './guest-config.ts'
import { guestFiles, guestsFolder } from './guest-files.ts'
import type { KeyPair } from './guest-key.ts'
import { domainName, guestAddress, guestMac, type Reservation } from './identity.ts'
import type { GuestMetadata } from './metadata.ts'
import { type NetworkState, reservationXml } from './network-xml.ts'
import { seedTexts, writeSeed } from './seed.ts'
import { virsh } from './virsh.ts'

/** Everything that is decided about a guest before anything of it is made. */
export interface PlannedGuest {
  readonly wanted: WantedGuest
  readonly metadata: GuestMetadata
  readonly cpu: string
  readonly image: DeployedImage
  readonly network: NetworkState
  readonly hostKey: KeyPair
}

/**
 * The changes that make a guest, in an order that leaves nothing which a second run would take for whole: files
 * first, DHCP before the first request, the domain last. Starting it is another step.
 */
export function creationSteps(guest: PlannedGuest): Change[] {
  const { wanted, metadata, image, network } = guest
  const domain = domainName(wanted.lab, wanted.name)
  const files = guestFiles(domain)
  const mac = guestMac(wanted.lab, wanted.name)
  const reservation = reservationXml({ mac, address: metadata.address, name: wanted.name })
  const stale = network.reservations.filter(
    (entry) => entry.mac === mac && entry.address !== metadata.address,
  )
  const reserved = network.reservations.some(
    (entry) => entry.mac === mac && entry.address === metadata.address,
  )
  const xml = domainXml({
    metadata,
    vcpus: wanted.vcpus,
    memoryMb: wanted.memoryMb,
    cpu: guest.cpu,
    arch: 'x86_64',
    boot: { kernel: image.kernel, initrd: image.initrd, cmdline: image.cmdline },
    files,
    base: image.disk,
  })
  const texts = seedTexts({
    hostname: wanted.name,
    user: metadata.user,
    authorizedKey: wanted.authorizedKey,
    hostKey: guest.hostKey,
  })
  return [
    {
      summary: `create the disk of ${wanted.name}: ${wanted.diskGb} GiB over image ${wanted.image}`,
      // What lies there belongs to no domain: an interrupted run left it.
      action: sh`(umask 022; rm -rf --one-file-system ${files.folder} && mkdir -p ${guestsFolder} && mkdir ${files.folder} && qemu-img create -q -f qcow2 -F qcow2 -b ${image.disk} ${files.disk} ${`${wanted.diskGb}G`})`,
    },
    {
      summary: `write the seed of ${wanted.name}: user ${metadata.user}, SSH keys, host name`,
      action: writeSeed(texts, files),
    },
    ...stale.map((entry) => ({
      summary: `free ${entry.address}, which ${wanted.name} had`,
      action: updateReservations(network, 'delete', reservationXml({ ...entry, name: wanted.name })),
    })),
    ...(reserved
      ? []
      : [
          {
            summary: `reserve ${metadata.address} for ${wanted.name} (${mac}) on network ${network.name}`,
            action: updateReservations(network, 'add', reservation),
          },
        ]),
    {
      summary: `define domain ${domain}: ${wanted.vcpus} vCPU ${guest.cpu}, ${wanted.memoryMb} MiB, ${metadata.accelerator === 'kvm' ? 'KVM' : 'emulated (TCG)'}`,
      diff: { before: '', after: xml },
      action: { ...sh`${virsh} define /dev/stdin >/dev/null`, stdin: xml },
    },
  ]
}

export function updateReservations(network: NetworkState, action: 'add' | 'delete', xml: string) {
  return sh`${virsh} net-update ${network.name} ${action} ip-dhcp-host ${xml} --live --config >/dev/null`
}

/** The address that a guest gets on a network. Guests planned before it in the same run have theirs already. */
export function chooseAddress(
  wanted: Pick<WantedGuest, 'lab' | 'name'>,
  network: NetworkState,
  planned: readonly Reservation[],
): string {
  const subnet = network.subnets[0]
  const mac = guestMac(wanted.lab, wanted.name)
  const address = subnet && guestAddress(mac, subnet, [...network.reservations, ...planned])
  if (address !== undefined) return address
  throw new FailureError({
    reason: 'module',
    code: 'network-full',
    message: `Network ${network.name} has no address left for guest ${wanted.name}.`,
    hint: 'Give the network a larger subnet (hvlab_network.subnet), or make a second network.',
  })
}
