import type { NetworkInterface } from '../../facts/addresses.ts'
import type { Route } from '../../facts/routes.ts'
import type { Value, Vars } from '../../model/value.ts'

/** Interfaces by name, the default route's address, and all addresses, in Ansible's shapes. */
export function networkVars(interfaces: readonly NetworkInterface[] | null, routes: readonly Route[]): Vars {
  const route = routes
    .filter(({ destination }) => destination === 'default')
    .sort((a, b) => a.metric - b.metric)[0]
  if (interfaces === null)
    return route === undefined ? {} : { default_ipv4: { gateway: route.gateway, interface: route.device } }
  const outside = interfaces.filter(({ loopback }) => !loopback)
  const all = (family: 'inet' | 'inet6'): string[] =>
    outside.flatMap(({ addresses }) =>
      addresses.filter((found) => found.family === family).map(({ address }) => address),
    )
  return {
    interfaces: interfaces.map(({ name }) => name),
    all_ipv4_addresses: all('inet'),
    all_ipv6_addresses: all('inet6'),
    default_ipv4: defaultRoute(interfaces, route),
    ...Object.fromEntries(
      interfaces.map((found): [string, Value] => [variable(found.name), interfaceVars(found)]),
    ),
  }
}

function defaultRoute(interfaces: readonly NetworkInterface[], route: Route | undefined): Vars {
  if (route === undefined) return {}
  const found = interfaces.find(({ name }) => name === route.device)
  const inet = found?.addresses.filter(({ family }) => family === 'inet') ?? []
  const own = inet.find(({ address }) => address === route.source) ?? inet[0]
  return {
    gateway: route.gateway,
    interface: route.device,
    ...(found === undefined ? {} : { macaddress: found.mac, mtu: found.mtu, type: found.kind ?? 'ether' }),
    ...(own === undefined ? {} : ipv4Vars(own)),
  }
}

function interfaceVars(found: NetworkInterface): Vars {
  const [first, ...others] = found.addresses.filter(({ family }) => family === 'inet').map(ipv4Vars)
  const six = found.addresses.filter(({ family }) => family === 'inet6')
  return {
    device: found.name,
    active: found.up,
    mtu: found.mtu,
    type: found.loopback ? 'loopback' : (found.kind ?? 'ether'),
    ...(found.mac === null ? {} : { macaddress: found.mac }),
    ...(first === undefined ? {} : { ipv4: first }),
    ...(others.length === 0 ? {} : { ipv4_secondaries: others }),
    ...(six.length === 0
      ? {}
      : {
          ipv6: six.map(({ address, prefixLength, scope }) => ({
            address,
            prefix: String(prefixLength),
            scope,
          })),
        }),
  }
}

function ipv4Vars(found: NetworkInterface['addresses'][number]): Vars {
  const mask = found.prefixLength === 0 ? 0 : (0xffffffff << (32 - found.prefixLength)) >>> 0
  const address = found.address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return {
    address: found.address,
    broadcast: found.broadcast ?? '',
    netmask: dotted(mask),
    network: dotted((address & mask) >>> 0),
    prefix: String(found.prefixLength),
  }
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
}

/** `br-lan` → `br_lan`: names that can be variables, as Ansible makes them. */
function variable(name: string): string {
  return name.replace(/[-:.]/g, '_')
}
