import { z } from 'zod'
import {
  absolutePath,
  architecture,
  description,
  diskSize,
  login,
  packageName,
  relativePath,
  unitName,
  webAddress,
} from './parts.ts'

const suiteName = z.string().regex(/^[a-z0-9][a-z0-9./-]*$/, 'must be the name of a suite')

/** `images/<name>/image.yml` for `builder: packages`: a file system made of packages, booted by its kernel directly. */
export const packagesImageSchema = z.strictObject({
  description,
  builder: z.literal('packages').describe('How it is made: by mmdebstrap from packages'),
  suite: suiteName.describe('The distribution’s release, e.g. bookworm'),
  architecture,
  components: z
    .array(z.string().regex(/^[a-z][a-z-]*$/))
    .min(1)
    .default(['main']),
  sources: z
    .record(suiteName, webAddress)
    .describe(
      'Suites to install from, each with the mirror used when this machine’s own apt names none for it',
    ),
  snapshot: z
    .string()
    .regex(/^\d{8}T\d{6}Z$/, 'must be a moment such as 20260701T000000Z')
    .optional()
    .describe('Install what the archive had at this moment, from snapshot_mirror: the same image every time'),
  snapshot_mirror: webAddress
    .default('http://snapshot.debian.org/archive')
    .describe('Where the archive’s past is: MIRROR/debian/MOMENT has what `…/debian` in sources had'),
  keyring: absolutePath.describe('Keys that sign the suites, on the machine that builds'),
  packages: z.array(packageName).min(1).describe('What is installed, recommendations left out'),
  exclude: z
    .array(absolutePath)
    .default([])
    .describe('dpkg’s path-exclude patterns: files that are not unpacked'),
  keep: z.array(absolutePath).default([]).describe('dpkg’s path-include patterns: exceptions from exclude'),
  files: relativePath
    .optional()
    .describe('Folder whose content is copied over the file system, owned by root'),
  units: z
    .strictObject({
      enable: z.array(unitName).default([]).describe('systemd units to enable'),
      mask: z.array(unitName).default([]).describe('systemd units that must never start'),
      mask_generators: z.array(unitName).default([]).describe('systemd generators that must never run'),
    })
    .default({ enable: [], mask: [], mask_generators: [] }),
  customize: relativePath
    .optional()
    .describe('POSIX shell script, run as root once everything else is in place; $1 is the file system'),
  disk: z.strictObject({
    size_gb: diskSize,
    label: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,16}$/)
      .default('hvlab-root')
      .describe('Label of the file system'),
  }),
  boot: z.strictObject({
    kernel: absolutePath
      .default('/boot/vmlinuz-*')
      .describe('The kernel in the file system: exactly one file'),
    initrd: absolutePath.default('/boot/initrd.img-*').describe('The initrd: exactly one file'),
    cmdline: z.string().min(1).describe('The kernel’s command line'),
  }),
  login,
})
export type PackagesImageFile = z.output<typeof packagesImageSchema>
