import { z } from 'zod'
import { cloudInitSchema } from '../../lab/cloud-init.ts'
import { parseAddress } from '../../lab/ipv4.ts'
import { guestName } from '../../lab/lab-name.ts'
import { between, bool, choice, int, text, typeLabels } from '../params.ts'

/** Parameters of a guest: beside a list they are what an entry leaves out; see `libvirt_guest`. */

/** `0-3,8,^2`, as libvirt writes sets of CPUs and NUMA nodes. */
const cpuSet = () =>
  text().refine((set) => /^\^?\d+(-\d+)?(,\^?\d+(-\d+)?)*$/.test(set), {
    error: 'must be a set of CPUs such as 0-3,8',
  })

const ipv4 = () =>
  z.string({ error: 'must be an IPv4 address' }).refine((address) => parseAddress(address) !== undefined, {
    error: 'must be an IPv4 address, such as 10.0.0.1',
  })

const tuning = {
  cache: choice(['none', 'writeback', 'writethrough', 'directsync', 'unsafe'])
    .optional()
    .describe('The host’s page cache; default QEMU’s: writeback'),
  io: choice(['native', 'threads', 'io_uring']).optional().describe('How QEMU reads and writes'),
  discard: choice(['unmap', 'ignore'])
    .default('unmap')
    .describe('`unmap` gives freed blocks back to the host'),
}
const nativeNeedsNoCache = (disk: { cache?: string | undefined; io?: string | undefined }) =>
  disk.io !== 'native' || disk.cache === 'none' || disk.cache === 'directsync'
const nativeRule = { error: 'needs cache: none or directsync for io: native' }

const mainDisk = z
  .strictObject({
    mode: choice(['overlay', 'full', 'raw'])
      .default('overlay')
      .describe('`overlay` over the image; `full`, a qcow2 of its own; `raw`, for honest disk figures'),
    ...tuning,
  })
  .refine(nativeNeedsNoCache, nativeRule)

const diskName = z
  .string({ error: 'must be a name' })
  .regex(/^[a-z0-9][a-z0-9-]{0,18}$/, { error: 'must be 1 to 19 lower-case letters, digits and dashes' })

const extraDisk = z
  .strictObject({
    name: diskName.describe('In the guest /dev/disk/by-id/virtio-NAME'),
    size_gb: between(1, 65_536).describe('Size, GiB'),
    format: choice(['qcow2', 'raw']).default('qcow2').describe('Of its file on the host'),
    ...tuning,
  })
  .refine(nativeNeedsNoCache, nativeRule)

const networkName = () =>
  z.string({ error: 'must be the name of a network' }).regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$/, {
    error: 'must be letters, digits, dots, dashes and underscores',
  })

const port = () => between(1, 65_535)

const forward = z.strictObject({ host: port(), guest: port(), address: ipv4().default('0.0.0.0') })

/** `8080:80`, or a map. */
const portForward = z
  .union([z.string(), z.object({}).loose()], { error: 'must be HOST:GUEST or a map' })
  .transform((given, issues) => {
    const ports = typeof given === 'string' ? /^(?:([\d.]+):)?(\d+):(\d+)$/.exec(given) : undefined
    const map = ports
      ? { host: ports[2], guest: ports[3], ...(ports[1] === undefined ? {} : { address: ports[1] }) }
      : given
    const parsed = forward.safeParse(map)
    if (parsed.success) return parsed.data
    for (const { path, message } of typeof map === 'string' ? [] : parsed.error.issues)
      issues.addIssue({ code: 'custom', path, message })
    if (typeof map === 'string')
      issues.addIssue({ code: 'custom', message: 'must be HOST:GUEST, such as 8080:80' })
    return z.NEVER
  })
  .register(typeLabels, { label: 'HOST:GUEST' })

/** Where every guest of a list may differ from the parameters beside the list. */
export const guestShape = {
  image: text().describe('Image of `images/` below the guest’s own disk'),
  vcpus: between(1, 512).describe('Virtual processors'),
  vcpus_max: between(1, 512).describe('Virtual processors that it can be given while it runs'),
  topology: z
    .strictObject({
      sockets: between(1, 512).describe('Sockets'),
      cores: between(1, 512).describe('Cores of a socket'),
      threads: between(1, 8).describe('Threads of a core'),
    })
    .describe('How its processors are grouped; the product is `vcpus_max`, or `vcpus` without one'),
  memory_mb: int()
    .refine((size) => size >= 64, { error: 'must be at least 64' })
    .describe('Memory, MiB'),
  memory_max_mb: int()
    .refine((size) => size >= 64, { error: 'must be at least 64' })
    .describe('Memory that it can be given while it runs, MiB; brings a balloon device'),
  hugepages: choice(['2M', '1G', 'never']).describe(
    'Takes its memory from huge pages that the host has set aside; `never`: from pages of 4 KiB, not even transparent huge ones, where the host’s `shmem_enabled` is `never` (the kernel’s default)',
  ),
  pinning: z
    .strictObject({
      vcpus: z
        .array(cpuSet())
        .min(1)
        .register(typeLabels, { label: 'list' })
        .describe('For each vCPU in turn, such as `["2", "3"]`'),
      emulator: cpuSet().optional().describe('For QEMU’s other threads, such as `0-1`'),
    })
    .describe('CPUs of the host that it may use'),
  numa: z
    .strictObject({
      nodes: cpuSet().describe('Such as `0` or `0-1`'),
      mode: choice(['strict', 'preferred', 'interleave']).default('strict').describe('As libvirt’s numatune'),
    })
    .describe('Host NUMA nodes that its memory comes from'),
  disk_gb: int()
    .refine((size) => size >= 1, { error: 'must be at least 1' })
    .describe('Size of the disk as the guest sees it, GiB'),
  disk: mainDisk.describe('What the disk is made of, and how QEMU treats it'),
  disks: z.array(extraDisk, { error: 'must be a list of disks' }).max(24).describe('Further disks'),
  network: networkName().describe('A network that libvirt_network made; its address is there'),
  networks: z
    .array(networkName(), { error: 'must be a list of networks' })
    .describe('Further networks, one interface each'),
  address: z
    .strictObject({
      ip: z
        .string({ error: 'must be an address with its prefix length' })
        .refine(
          (given) => {
            const [address = '', prefix = ''] = given.split('/')
            return parseAddress(address) !== undefined && /^([1-9]|[12]\d|3[0-2])$/.test(prefix)
          },
          { error: 'must be an address with its prefix length, such as 10.0.0.7/24' },
        )
        .describe('With its prefix length, such as `10.0.0.7/24`'),
      gateway: ipv4().optional().describe('Where other networks are'),
      dns: z.array(ipv4()).default([]).describe('Name servers'),
    })
    .describe('An address that the guest sets itself, for a bridge; elsewhere DHCP gives it a reserved one'),
  ports: z
    .array(portForward, { error: 'must be a list of ports' })
    .describe('TCP ports of the hypervisor that lead to the guest: `8080:80`, or `{host, guest, address}`'),
  firmware: choice(['direct', 'bios', 'uefi']).describe(
    '`direct`: QEMU is given the kernel; else the boot loader of an image that an installer made',
  ),
  tpm: bool().describe('An emulated TPM 2.0 (needs swtpm on the host)'),
  agent: bool().describe('A channel for the QEMU guest agent'),
  accelerator: choice(['auto', 'kvm', 'tcg']).describe(
    '`auto`: KVM where a kernel boots under it, else emulation',
  ),
  cpu: text().describe('CPU model; default host-passthrough with KVM, Nehalem when emulated'),
  cloud_init: cloudInitSchema.describe('What cloud-init does at the first boot'),
}

type Shape = typeof guestShape
export type GuestParams = { readonly [Name in keyof Shape]?: z.output<Shape[Name]> | undefined }

/** How many guests a name with numbers behind it stands for. */
export const guestCount = () => between(1, 500)

/** An entry of `guests`: its name, and what differs. */
export const guestEntry = z.strictObject({
  name: guestName(),
  count: guestCount().optional(),
  ...(Object.fromEntries(
    Object.entries(guestShape).map(([name, schema]) => [name, schema.optional()]),
  ) as unknown as { [Name in keyof Shape]: z.ZodOptional<Shape[Name]> }),
})

/** `name` and `count: 3` are three guests: name1, name2, name3. */
export function guestNames(name: string, count: number | undefined): string[] {
  return count === undefined ? [name] : Array.from({ length: count }, (_, index) => `${name}${index + 1}`)
}
