import { z } from 'zod'

/** What image.yml files of several builders have in common. */

export const packageName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.+-]*(=[^\s,]+)?$/, 'must be the name of a package')
/** Its package, whatever its version is to be. */
export const isSnapd = (name: string): boolean => /^snapd(=|$)/.test(name)
export const unitName = z.string().regex(/^[A-Za-z0-9@:_.\\-]+$/, 'must be the name of a systemd unit')
export const absolutePath = z.string().regex(/^\/[^\0\n]*$/, 'must be an absolute path')
export const relativePath = z
  .string()
  .refine((path) => path !== '' && !path.startsWith('/') && !path.split('/').includes('..'), {
    message: 'must be a path below the image’s folder',
  })
export const webAddress = z.string().regex(/^https?:\/\/[^\s"]+$/, 'must be an http or https address')

export const description = z.string().describe('One sentence about the image')
export const architecture = z
  .enum(['amd64'])
  .default('amd64')
  .describe('Debian’s name of the CPU architecture')
export const diskSize = z.number().int().min(1).max(2048).describe('Virtual size of the disk, GiB')
export const login = z.strictObject({
  user: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]*$/)
    .describe('User that a seed creates and that hvlab logs in as'),
})

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 sum of 64 hexadecimal digits')

/** A file that is downloaded, and how it is known to be the right one. */
export const source = z.strictObject({
  urls: z.array(webAddress).min(1).describe('Where the file is, tried in order'),
  sha256: sha256.describe('SHA-256 of the whole file'),
  size: z.number().int().positive().optional().describe('Size of the file in bytes'),
  sums: webAddress
    .optional()
    .describe('File of SHA-256 sums; its signature is beside it, named with .gpg at the end'),
  fingerprint: z
    .string()
    .regex(/^[0-9A-F]{40}$/, 'must be a fingerprint of 40 hexadecimal digits in capitals')
    .optional()
    .describe('Fingerprint of the key that signs the sums'),
  keyring: absolutePath.optional().describe('File on the machine that builds which has this key'),
})

/** A machine of a build: how much it has, and how long it may take. */
export const machineSize = (cpus: number, memoryMb: number) => ({
  cpus: z.number().int().min(1).max(64).default(cpus).describe('CPUs of this machine'),
  memory_mb: z
    .number()
    .int()
    .min(256)
    .max(1 << 20)
    .default(memoryMb)
    .describe('Memory of this machine, MiB'),
})
export const deadlineMinutes = (minutes: number) => z.number().int().positive().default(minutes)

/** The layer of packages above a base: the machine that installs them. */
export const layer = z
  .strictObject({
    template: relativePath
      .optional()
      .describe('The Packer template of this machine, a .pkr.hcl file; default: hvlab’s own'),
    ...machineSize(2, 1024),
    deadline_minutes: deadlineMinutes(30).describe(
      'A layer that takes longer has failed; ten times that without KVM',
    ),
  })
  .prefault({})
  .describe('How packages are installed above the base')

/** What is taken out of an installed system, or kept in it, to be a guest that boots fast. */
export const trimming = {
  packages: z
    .array(packageName)
    .default([])
    .describe('Packages to install beside the standard system, recommendations left out'),
  layer,
  updates: z
    .enum(['none', 'security', 'all'])
    .default('none')
    .describe('Which newer packages are installed while the image is built; `none` builds fastest'),
  keep_snapd: z.boolean().default(false).describe('Leave snapd and its snaps in the image'),
  units: z
    .strictObject({
      mask: z.array(unitName).default([]).describe('systemd units that must never start'),
    })
    .default({ mask: [] }),
}

export const guestBoot = z.strictObject({
  kernel: absolutePath.default('/boot/vmlinuz').describe('The kernel in the image; a link is followed'),
  initrd: absolutePath.default('/boot/initrd.img').describe('The initrd; a link is followed'),
  cmdline: z.string().min(1).describe('The kernel’s command line of a guest'),
})
