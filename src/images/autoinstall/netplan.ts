import { z } from 'zod'

/** `network:` of autoinstall data, in netplan's format. Source: netplan.readthedocs.io, "YAML configuration". */

const interfaces = z.array(z.string())
const route = z.strictObject({
  to: z.string(),
  via: z.string().optional(),
  from: z.string().optional(),
  'on-link': z.boolean().optional(),
  metric: z.number().int().optional(),
  type: z.string().optional(),
  scope: z.string().optional(),
  table: z.number().int().optional(),
  mtu: z.number().int().optional(),
  'congestion-window': z.number().int().optional(),
  'advertised-receive-window': z.number().int().optional(),
})
const policy = z.strictObject({
  from: z.string().optional(),
  to: z.string().optional(),
  table: z.number().int().optional(),
  priority: z.number().int().optional(),
  mark: z.number().int().optional(),
  'type-of-service': z.number().int().optional(),
})
const dhcpOverrides = z.strictObject({
  'use-dns': z.boolean().optional(),
  'use-ntp': z.boolean().optional(),
  'send-hostname': z.boolean().optional(),
  'use-hostname': z.boolean().optional(),
  'use-mtu': z.boolean().optional(),
  hostname: z.string().optional(),
  'use-routes': z.boolean().optional(),
  'route-metric': z.number().int().optional(),
  'use-domains': z.union([z.boolean(), z.string()]).optional(),
})
const address = z.union([
  z.string(),
  z.record(z.string(), z.strictObject({ label: z.string().optional(), lifetime: z.string().optional() })),
])

const any = {
  renderer: z.enum(['networkd', 'NetworkManager']).optional(),
  dhcp4: z.boolean().optional(),
  dhcp6: z.boolean().optional(),
  'dhcp-identifier': z.enum(['mac', 'duid']).optional(),
  'dhcp4-overrides': dhcpOverrides.optional(),
  'dhcp6-overrides': dhcpOverrides.optional(),
  'ipv6-mtu': z.number().int().optional(),
  'ipv6-privacy': z.boolean().optional(),
  'ipv6-address-generation': z.enum(['eui64', 'stable-privacy']).optional(),
  'link-local': z.array(z.enum(['ipv4', 'ipv6'])).optional(),
  'ignore-carrier': z.boolean().optional(),
  critical: z.boolean().optional(),
  'accept-ra': z.boolean().optional(),
  addresses: z.array(address).optional(),
  gateway4: z.string().optional(),
  gateway6: z.string().optional(),
  nameservers: z.strictObject({ search: interfaces.optional(), addresses: interfaces.optional() }).optional(),
  macaddress: z.string().optional(),
  mtu: z.number().int().optional(),
  optional: z.boolean().optional(),
  'optional-addresses': z.array(z.string()).optional(),
  'activation-mode': z.enum(['manual', 'off']).optional(),
  routes: z.array(route).optional(),
  'routing-policy': z.array(policy).optional(),
}
const physical = {
  ...any,
  match: z
    .strictObject({
      name: z.string().optional(),
      macaddress: z.string().optional(),
      driver: z.union([z.string(), z.array(z.string())]).optional(),
    })
    .optional(),
  'set-name': z.string().optional(),
  wakeonlan: z.boolean().optional(),
  'emit-lldp': z.boolean().optional(),
  /** 802.1X. */
  auth: z.record(z.string(), z.unknown()).optional(),
  link: z.string().optional(),
  'virtual-function-count': z.number().int().optional(),
}
const parameters = z.record(z.string(), z.unknown()).optional()

export const netplan = z.strictObject({
  version: z.literal(2),
  renderer: any.renderer,
  ethernets: z.record(z.string(), z.strictObject(physical)).optional(),
  bonds: z
    .record(z.string(), z.strictObject({ ...any, interfaces: interfaces.optional(), parameters }))
    .optional(),
  bridges: z
    .record(z.string(), z.strictObject({ ...any, interfaces: interfaces.optional(), parameters }))
    .optional(),
  vlans: z
    .record(z.string(), z.strictObject({ ...any, id: z.number().int().min(0).max(4094), link: z.string() }))
    .optional(),
  wifis: z.record(z.string(), z.strictObject({ ...physical, 'access-points': parameters })).optional(),
  tunnels: z.record(z.string(), z.looseObject({ mode: z.string() })).optional(),
})
