import { declaredAddresses } from './declared-addresses.ts'
import { guestAddress, guestMac, type NamedReservation } from './identity.ts'
import { contains, parseAddress, type Subnet } from './ipv4.ts'

/** A guest that a network is made for. */
export interface AwaitedGuest {
  readonly name: string
  /** The address that it sets itself. */
  readonly address?: { readonly ip: string }
}

/**
 * The addresses that guests will have on their main network, chosen as each of them would in that order. In the network's first
 * definition they cost nothing; added later, libvirt loads all firewall rules of the network anew for each.
 */
export function awaitedReservations(
  lab: string,
  guests: readonly AwaitedGuest[],
  subnet: Subnet,
): NamedReservation[] {
  const declared = declaredAddresses(lab, guests)
  const reserved: NamedReservation[] = []
  for (const { name, address: own } of guests) {
    const mac = guestMac(lab, name)
    const given = own?.ip.split('/')[0]
    const onSubnet = given !== undefined && contains(subnet, parseAddress(given) ?? 0)
    const address =
      given === undefined
        ? guestAddress(mac, subnet, [...declared, ...reserved])
        : onSubnet
          ? given
          : undefined
    // Where the subnet is full, or two want the same, whoever makes the guest says so.
    const isFree = !reserved.some((entry) => entry.address === address)
    if (address !== undefined && isFree) reserved.push({ mac, address, name })
  }
  return reserved
}
