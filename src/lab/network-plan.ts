import type { Failure } from '../model/failure.ts'
import { err, ok, type Result } from '../util/result.ts'
import { formatSubnet, overlaps, parseSubnet, type Subnet } from './ipv4.ts'

/** What the host's addresses are used for already. */
export interface UsedSubnets {
  readonly routes: readonly Route[]
  readonly networks: readonly UsedNetwork[]
}

export interface Route {
  readonly subnet: Subnet
  readonly device: string
}

/** A libvirt network. One that is neither running nor started at boot uses nothing yet. */
export interface UsedNetwork {
  readonly name: string
  readonly bridge?: string
  readonly subnets: readonly Subnet[]
  readonly active: boolean
  readonly autostart: boolean
}

export interface SubnetChoice {
  readonly subnet: Subnet
  /** Why it is not the wanted one, as a sentence for people. */
  readonly why?: string
}

/**
 * Decides which subnet a network of guests gets. libvirt itself refuses only an equal subnet; mere overlap silently
 * loses packets, so a route inside the wanted subnet counts as much as one around it. Routes shorter than /8
 * (`default`, and the two halves that VPNs set) are not in the way: the bridge's own route is more specific.
 *
 * @param name the network itself; what it uses already does not count
 */
export function planSubnet(name: string, wanted: Subnet, used: UsedSubnets): Result<SubnetChoice, Failure> {
  const obstacles = obstaclesFor(name, used)
  const inTheWay = obstacles.find((obstacle) => overlaps(obstacle.subnet, wanted))
  if (!inTheWay) return ok({ subnet: wanted })
  const free = candidates().find((subnet) => !obstacles.some((other) => overlaps(other.subnet, subnet)))
  if (free)
    return ok({
      subnet: free,
      why: `${formatSubnet(wanted)} overlaps ${inTheWay.what}; network ${name} gets ${formatSubnet(free)} instead.`,
    })
  return err({
    reason: 'module',
    code: 'no-free-subnet',
    message: `${formatSubnet(wanted)} overlaps ${inTheWay.what}, and no /24 from 192.168.123.0 to 192.168.254.0 is free either.`,
    hint: 'Set hvlab_network.subnet to a private subnet that this host has no route to, e.g. 10.213.7.0/24.',
  })
}

interface Obstacle {
  readonly subnet: Subnet
  readonly what: string
}

const shortestRealPrefix = 8

function obstaclesFor(name: string, used: UsedSubnets): Obstacle[] {
  const own = used.networks.find((network) => network.name === name)
  const routes = used.routes
    .filter((route) => route.subnet.prefix >= shortestRealPrefix && route.device !== own?.bridge)
    .map((route) => ({
      subnet: route.subnet,
      what: `the route ${formatSubnet(route.subnet)} on ${route.device}`,
    }))
  const networks = used.networks
    .filter((network) => network !== own && (network.active || network.autostart))
    .flatMap((network) =>
      network.subnets.map((subnet) => ({
        subnet,
        what: `the libvirt network ${network.name} (${formatSubnet(subnet)})`,
      })),
    )
  return [...networks, ...routes]
}

function candidates(): Subnet[] {
  return Array.from({ length: 254 - 123 + 1 }, (_, index) =>
    parseSubnet(`192.168.${123 + index}.0/24`),
  ).filter((subnet) => subnet !== undefined)
}
