/** An IPv4 network. `base` and masks are unsigned 32-bit numbers. */
export interface Subnet {
  readonly base: number
  /** 0–32. */
  readonly prefix: number
}

/** `192.168.122.7` → number; undefined when it is not four decimal octets. */
export function parseAddress(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (!match) return undefined
  const octets = match.slice(1).map(Number)
  if (octets.some((octet) => octet > 255)) return undefined
  return octets.reduce((number, octet) => number * 256 + octet, 0)
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

/** `192.168.122.0/24` → subnet; host bits are an error, so undefined. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = '', length = '', ...rest] = text.split('/')
  const base = parseAddress(address)
  if (base === undefined || rest.length > 0 || !/^\d{1,2}$/.test(length) || Number(length) > 32)
    return undefined
  const subnet = subnetOf(base, Number(length))
  return subnet.base === base ? subnet : undefined
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.base)}/${subnet.prefix}`
}

/** The network that an address with a prefix length lies in. */
export function subnetOf(address: number, prefix: number): Subnet {
  const size = 2 ** (32 - prefix)
  return { base: Math.floor(address / size) * size, prefix }
}

/** Dotted mask, e.g. `255.255.255.0`. */
export function netmask(subnet: Subnet): string {
  return formatAddress(2 ** 32 - 2 ** (32 - subnet.prefix))
}

/** Prefix length of a dotted mask; undefined when its ones are not contiguous. */
export function prefixOf(mask: number): number | undefined {
  const length = 32 - Math.log2(2 ** 32 - mask)
  return Number.isInteger(length) ? length : undefined
}

export function contains(subnet: Subnet, address: number): boolean {
  return subnetOf(address, subnet.prefix).base === subnet.base
}

/** True when one of the two lies inside the other; there is no other way for subnets to share addresses. */
export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.prefix <= b.prefix ? contains(a, b.base) : contains(b, a.base)
}
