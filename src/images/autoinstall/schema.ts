import { z } from 'zod'
import { netplan } from './netplan.ts'
import { storage } from './storage.ts'

/**
 * Autoinstall data as Ubuntu's installer documents it, with nothing beside: the installer itself takes unknown keys,
 * layouts and texts where lists belong in silence, and then installs something else. Source: the autoinstall reference
 * of Subiquity, and how its releases behave (`newer-keys.ts` says since when).
 */

const command = z.union([z.string(), z.array(z.string()).min(1)])
const commands = z.array(command)
const switchable = z.strictObject({ install: z.boolean() })

const aptSource = z.strictObject({
  source: z.string().optional(),
  keyid: z.string().optional(),
  key: z.string().optional(),
  keyserver: z.string().optional(),
  filename: z.string().optional(),
})

const aptMirror = z.strictObject({
  arches: z.array(z.string()).optional(),
  uri: z.string().optional(),
  search: z.array(z.string()).optional(),
  search_dns: z.boolean().optional(),
  key: z.string().optional(),
  keyid: z.string().optional(),
  keyserver: z.string().optional(),
})

const apt = z.strictObject({
  preserve_sources_list: z.boolean().optional(),
  primary: z.array(aptMirror).optional(),
  security: z.array(aptMirror).optional(),
  'mirror-selection': z
    .strictObject({
      primary: z
        .array(
          z.union([
            z.literal('country-mirror'),
            z.strictObject({ uri: z.string(), arches: z.array(z.string()).optional() }),
          ]),
        )
        .optional(),
    })
    .optional(),
  fallback: z.enum(['abort', 'continue-anyway', 'offline-install']).optional(),
  geoip: z.boolean().optional(),
  sources: z.record(z.string(), aptSource).optional(),
  sources_list: z.string().optional(),
  disable_components: z
    .array(z.enum(['universe', 'multiverse', 'restricted', 'contrib', 'non-free']))
    .optional(),
  disable_suites: z.array(z.string()).optional(),
  preferences: z
    .array(z.strictObject({ package: z.string(), pin: z.string(), 'pin-priority': z.number().int() }))
    .optional(),
  conf: z.string().optional(),
  proxy: z.string().optional(),
  http_proxy: z.string().optional(),
  https_proxy: z.string().optional(),
  ftp_proxy: z.string().optional(),
  debconf_selections: z.record(z.string(), z.string()).optional(),
  add_apt_repo_match: z.string().optional(),
})

const autoinstall = z.strictObject({
  version: z.literal(1).describe('Of the format: 1'),
  'interactive-sections': z.array(z.string()).optional(),
  'early-commands': commands.optional().describe('Run before the installer looks at disks and network'),
  locale: z.string().nullable().optional(),
  'refresh-installer': z
    .strictObject({ update: z.boolean().optional(), channel: z.string().optional() })
    .optional(),
  keyboard: z
    .strictObject({
      layout: z.string(),
      variant: z.string().optional(),
      toggle: z.string().nullable().optional(),
    })
    .optional(),
  source: z.strictObject({ search_drivers: z.boolean().optional(), id: z.string().optional() }).optional(),
  network: z.union([netplan, z.strictObject({ network: netplan })]).optional(),
  proxy: z.string().nullable().optional(),
  apt: apt.optional(),
  storage: storage.optional(),
  identity: z
    .strictObject({
      realname: z.string().optional(),
      username: z.string(),
      hostname: z.string(),
      password: z.string(),
      groups: z
        .union([
          z.array(z.string()),
          z.strictObject({
            override: z.array(z.string()).optional(),
            append: z.array(z.string()).optional(),
          }),
        ])
        .optional(),
    })
    .optional(),
  'active-directory': z
    .strictObject({ 'admin-name': z.string().optional(), 'domain-name': z.string().optional() })
    .optional(),
  'ubuntu-pro': z.strictObject({ token: z.string() }).optional(),
  'ubuntu-advantage': z.strictObject({ token: z.string() }).optional(),
  ssh: z
    .strictObject({
      'install-server': z.boolean().optional(),
      'authorized-keys': z.array(z.string()).optional(),
      'allow-pw': z.boolean().optional(),
    })
    .optional(),
  codecs: switchable.optional(),
  drivers: switchable.optional(),
  oem: z.strictObject({ install: z.union([z.boolean(), z.literal('auto')]) }).optional(),
  snaps: z
    .array(
      z.strictObject({
        name: z.string(),
        channel: z.string().optional(),
        classic: z.boolean().optional(),
      }),
    )
    .optional(),
  'debconf-selections': z.string().optional(),
  packages: z.array(z.string()).optional(),
  kernel: z.strictObject({ package: z.string().optional(), flavor: z.string().optional() }).optional(),
  'kernel-crash-dumps': z.strictObject({ enabled: z.boolean().nullable() }).optional(),
  timezone: z.string().optional(),
  updates: z.enum(['security', 'all']).optional(),
  shutdown: z.enum(['reboot', 'poweroff']).optional(),
  'late-commands': commands.optional().describe('Run when everything is installed; the system is in /target'),
  'error-commands': commands.optional().describe('Run when the installation has failed'),
  reporting: z.record(z.string(), z.looseObject({ type: z.string() })).optional(),
  'user-data': z.record(z.string(), z.unknown()).optional(),
  zdevs: z.array(z.strictObject({ id: z.string(), enabled: z.boolean().optional() })).optional(),
})
export type Autoinstall = z.output<typeof autoinstall>

/** The whole file. */
export const autoinstallFile = z.strictObject({ autoinstall })
