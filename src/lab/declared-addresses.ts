import { FailureError } from '../model/failure.ts'
import { addressRanges, guestMac, type Reservation } from './identity.ts'
import { formatAddress } from './ipv4.ts'
import type { LibvirtState } from './libvirt/libvirt-state.ts'
import type { NetworkState } from './libvirt/network-xml.ts'

/**
 * The addresses that guests set themselves, with their own MACs. An address that is chosen for a guest keeps away from them,
 * wherever in the list they stand.
 */
export function declaredAddresses(
  lab: string,
  guests: readonly { readonly name: string; readonly address?: { readonly ip: string } | undefined }[],
): Reservation[] {
  return guests.flatMap(({ name, address }) => {
    const [ip] = address?.ip.split('/') ?? []
    return ip === undefined ? [] : [{ mac: guestMac(lab, name), address: ip }]
  })
}

/** Throws when an address that a guest sets itself is another machine's on that network. */
export function refuseTakenAddress(
  guest: string,
  { mac, address }: Reservation,
  network: NetworkState,
  { domains }: Pick<LibvirtState, 'domains'>,
  host: string,
): void {
  const gateways = network.subnets.map((subnet) => formatAddress(addressRanges(subnet).gateway))
  const other = network.reservations.find((entry) => entry.address === address && entry.mac !== mac)
  if (other === undefined && !gateways.includes(address)) return
  const owner = domains.find(({ interfaces }) => interfaces.some((nic) => nic.mac === other?.mac))
  const whose = other === undefined ? `${host} itself has` : `${owner?.name ?? other.mac} has`
  throw new FailureError({
    reason: 'module',
    code: 'address-taken',
    message: `Guest ${guest} wants the address ${address}, which ${whose} on network ${network.name} of ${host}.`,
    hint: 'Set another address, or leave it out: then a free one is chosen.',
  })
}
