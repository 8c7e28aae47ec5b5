import { z } from 'zod'
import {
  absolutePath,
  architecture,
  deadlineMinutes,
  description,
  diskSize,
  guestBoot,
  login,
  machineSize,
  relativePath,
  source,
  trimming,
} from './parts.ts'

const installerVersion = z
  .string()
  .regex(/^\d\d\.\d\d(\.\d+)*$/, 'must be a version of Subiquity in quotes, such as "22.07.2"')

/** `images/<name>/image.yml` for `builder: packer`: what an Ubuntu live-server ISO installs without a key pressed. */
export const packerImageSchema = z.strictObject({
  description,
  builder: z.literal('packer').describe('How it is made: Packer runs an installer'),
  architecture,
  source: source.describe('The installer’s ISO'),
  template: relativePath.describe('The Packer template, a .pkr.hcl file'),
  user_data: relativePath.default('user-data').describe('The autoinstall data: what the installer is told'),
  installer: z
    .strictObject({
      version: installerVersion.describe(
        'The oldest Subiquity that may be on the ISO; newer keys are refused',
      ),
      kernel: absolutePath.default('/casper/vmlinuz').describe('The installer’s kernel on the ISO'),
      initrd: absolutePath.default('/casper/initrd').describe('The installer’s initrd on the ISO'),
      kernel_arguments: z
        .string()
        .default('autoinstall ds=nocloud console=ttyS0,115200n8 fsck.mode=skip panic=-1 ---')
        .refine((text) => text.split(/\s+/).includes('autoinstall'), {
          message: 'must have the word autoinstall, or the installer waits for an answer',
        })
        .describe('The installer’s kernel command line'),
      // Ubuntu's installer needs 2048 MiB.
      ...machineSize(2, 3072),
      firmware: absolutePath
        .optional()
        .describe('EFI firmware in place of QEMU’s BIOS; the disk then gets an EFI system partition'),
      deadline_minutes: deadlineMinutes(90).describe(
        'An installation that takes longer has failed; ten times that without KVM',
      ),
    })
    .describe('How the installer is started'),
  disk: z.strictObject({ size_gb: diskSize }),
  ...trimming,
  boot: guestBoot,
  login,
})
export type PackerImageFile = z.output<typeof packerImageSchema>
