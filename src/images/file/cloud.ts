import { z } from 'zod'
import { architecture, description, diskSize, guestBoot, login, source, trimming } from './parts.ts'

/** `images/<name>/image.yml` for `builder: cloud`: a disk that its publisher has installed, with a layer above it. */
export const cloudImageSchema = z.strictObject({
  description,
  builder: z.literal('cloud').describe('How it is made: from a published disk, changed by Packer'),
  architecture,
  source: source.describe('The published disk, a qcow2'),
  disk: z.strictObject({ size_gb: diskSize }),
  ...trimming,
  boot: guestBoot,
  login,
})
export type CloudImageFile = z.output<typeof cloudImageSchema>
