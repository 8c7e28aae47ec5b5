import { z } from 'zod'

/** `storage:` of autoinstall data: a layout by name, or curtin's actions. Source: the storage chapters of Subiquity and curtin. */

const match = z.strictObject({
  model: z.string().optional(),
  vendor: z.string().optional(),
  path: z.string().optional(),
  id_path: z.string().optional(),
  devpath: z.string().optional(),
  serial: z.string().optional(),
  ssd: z.boolean().optional(),
  size: z.enum(['largest', 'smallest']).optional(),
  'install-media': z.boolean().optional(),
})
const matches = z.union([match, z.array(match).min(1)])

const layout = z.strictObject({
  name: z.enum(['direct', 'lvm', 'zfs', 'hybrid']),
  match: matches.optional(),
  mode: z.enum(['reformat_disk', 'use_gap']).optional(),
  ptable: z.enum(['gpt', 'msdos']).optional(),
  password: z.string().optional(),
  'sizing-policy': z.enum(['scaled', 'all']).optional(),
  encrypted: z.boolean().optional(),
  'recovery-key': z
    .strictObject({
      'backup-location': z.string().optional(),
      'live-location': z.string().optional(),
    })
    .optional(),
  'reset-partition': z.union([z.boolean(), z.string(), z.number()]).optional(),
  'reset-partition-only': z.boolean().optional(),
})

/** Bytes, `1G`, `50%`, or -1 for the rest. */
const size = z.union([z.number(), z.string()])
const wipe = z.enum(['superblock', 'superblock-recursive', 'pvremove', 'zero', 'random'])
const grubDevice = z.boolean()
const common = { id: z.string(), preserve: z.boolean().optional() }

const actions = {
  disk: z.strictObject({
    ...common,
    type: z.literal('disk'),
    ptable: z.enum(['gpt', 'msdos', 'unsupported', 'vtoc']).optional(),
    serial: z.string().optional(),
    path: z.string().optional(),
    wwn: z.string().optional(),
    multipath: z.string().optional(),
    device_id: z.string().optional(),
    model: z.string().optional(),
    match: matches.optional(),
    name: z.string().optional(),
    wipe: wipe.optional(),
    grub_device: grubDevice.optional(),
  }),
  partition: z.strictObject({
    ...common,
    type: z.literal('partition'),
    device: z.string(),
    size: size.optional(),
    number: z.number().int().positive().optional(),
    offset: size.optional(),
    flag: z
      .enum([
        'boot',
        'bios_grub',
        'esp',
        'extended',
        'home',
        'linux',
        'logical',
        'lvm',
        'mbr',
        'prep',
        'raid',
        'swap',
        'none',
        '',
      ])
      .optional(),
    partition_type: z.string().optional(),
    partition_name: z.string().optional(),
    uuid: z.string().optional(),
    resize: z.boolean().optional(),
    multipath: z.string().optional(),
    wipe: wipe.optional(),
    grub_device: grubDevice.optional(),
  }),
  format: z.strictObject({
    ...common,
    type: z.literal('format'),
    volume: z.string(),
    fstype: z.string(),
    label: z.string().optional(),
    uuid: z.string().optional(),
    extra_options: z.array(z.string()).optional(),
  }),
  mount: z.strictObject({
    ...common,
    type: z.literal('mount'),
    device: z.string().optional(),
    path: z.string().optional(),
    options: z.string().optional(),
    fstype: z.string().optional(),
    spec: z.string().optional(),
    freq: z.union([z.string(), z.number()]).optional(),
    passno: z.union([z.string(), z.number()]).optional(),
  }),
  lvm_volgroup: z.strictObject({
    ...common,
    type: z.literal('lvm_volgroup'),
    name: z.string(),
    devices: z.array(z.string()),
    uuid: z.string().optional(),
  }),
  lvm_partition: z.strictObject({
    ...common,
    type: z.literal('lvm_partition'),
    volgroup: z.string(),
    name: z.string(),
    size: size.optional(),
    wipe: wipe.optional(),
  }),
  dm_crypt: z.strictObject({
    ...common,
    type: z.literal('dm_crypt'),
    volume: z.string(),
    dm_name: z.string().optional(),
    key: z.string().optional(),
    keyfile: z.string().optional(),
    options: z.array(z.string()).optional(),
  }),
  raid: z.strictObject({
    ...common,
    type: z.literal('raid'),
    name: z.string(),
    raidlevel: z.union([z.number(), z.string()]),
    devices: z.array(z.string()),
    spare_devices: z.array(z.string()).optional(),
    ptable: z.enum(['gpt', 'msdos']).optional(),
    metadata: z.union([z.string(), z.number()]).optional(),
    container: z.string().optional(),
    wipe: wipe.optional(),
  }),
  bcache: z.strictObject({
    ...common,
    type: z.literal('bcache'),
    backing_device: z.string(),
    cache_device: z.string().optional(),
    cache_mode: z.enum(['writethrough', 'writeback', 'writearound', 'none']).optional(),
    name: z.string().optional(),
    ptable: z.enum(['gpt', 'msdos']).optional(),
  }),
  zpool: z.strictObject({
    ...common,
    type: z.literal('zpool'),
    pool: z.string(),
    vdevs: z.array(z.string()),
    mountpoint: z.string().optional(),
    pool_properties: z.record(z.string(), z.unknown()).optional(),
    fs_properties: z.record(z.string(), z.unknown()).optional(),
  }),
  zfs: z.strictObject({
    ...common,
    type: z.literal('zfs'),
    pool: z.string(),
    volume: z.string(),
    properties: z.record(z.string(), z.unknown()).optional(),
  }),
}

type ActionType = keyof typeof actions
export const actionTypes = Object.keys(actions) as ActionType[]
export const actionSchemas: readonly z.ZodType[] = Object.values(actions)

/** The schema of a storage action, by its type. */
export function actionSchema(type: string): z.ZodType | undefined {
  return Object.hasOwn(actions, type) ? actions[type as ActionType] : undefined
}

/** Actions are checked one by one (`check.ts`), so that a mistake is told in terms of that type of action. */
const action = z.looseObject({ type: z.string(), id: z.string() }).meta({ $ref: '#/$defs/storageAction' })

export const storage = z.strictObject({
  layout: layout.optional(),
  config: z.array(action).min(1).optional(),
  swap: z
    .strictObject({
      filename: z.string().optional(),
      size: size.optional(),
      maxsize: size.optional(),
      force: z.boolean().optional(),
      swap: z.union([z.number(), z.string()]).optional(),
    })
    .optional(),
  grub: z
    .strictObject({
      install_devices: z.array(z.string()).optional(),
      update_nvram: z.boolean().optional(),
      reorder_uefi: z.boolean().optional(),
      reorder_uefi_force_fallback: z.boolean().optional(),
      remove_old_uefi_loaders: z.boolean().optional(),
      remove_duplicate_entries: z.boolean().optional(),
      probe_additional_os: z.boolean().optional(),
      terminal: z.string().optional(),
      replace_linux_default: z.boolean().optional(),
    })
    .optional(),
  version: z.literal([1, 2]).optional(),
})
