import { z } from 'zod'
import { parsedJson } from '../util/json.ts'

const digest = z.string().regex(/^[0-9a-f]{64}$/)
const fileRecord = z.object({ size: z.number().int().nonnegative(), mtime: z.number().int(), sha256: digest })

const proof = z.record(z.string(), z.string())
const accelerator = z.enum(['kvm', 'tcg'])

/** The three files of an image that a hypervisor needs. */
export const imageFiles = ['image.qcow2', 'vmlinuz', 'initrd'] as const

/**
 * `manifest.json`, written last into an image's folder: what was built, from what, and how to tell that it is whole.
 * Sizes in bytes, times in seconds since 1970, durations in seconds. Read back as untrusted data.
 */
export const manifestSchema = z.object({
  version: z.literal(1),
  key: digest,
  name: z.string(),
  builder: z.string(),
  built_at: z.string(),
  files: z.object({ 'image.qcow2': fileRecord, vmlinuz: fileRecord, initrd: fileRecord }),
  /** Size of the disk that a guest sees, bytes. */
  virtual_size: z.number().int().positive(),
  kernel_version: z.string(),
  cmdline: z.string(),
  login_user: z.string(),
  suite: z.string(),
  /** Of images from packages: when the newest package list was signed; nothing in the image is younger. ISO 8601. */
  archive_date: z.string().optional(),
  mirrors: z.array(z.string()),
  packages: z.array(z.object({ name: z.string(), version: z.string(), architecture: z.string() })),
  tools: z.record(z.string(), z.string()),
  durations: z.record(z.string(), z.number()),
  /** Of images made from a download. */
  source: z.object({ file: z.string(), sha256: digest, signature: z.string() }).optional(),
  /** Of images made by an installer: how it ran, and what proved its success. */
  installation: z
    .object({
      accelerator,
      updates: z.string(),
      events: z.number(),
      proof,
      /** Paths that were taken out of the finished disk. */
      removed: z.array(z.string()),
    })
    .optional(),
  /** Of images with packages above a base: what is below, what was added, and what proved it. */
  layer: z
    .object({
      /** Key of the image below, or the SHA-256 of a published disk. */
      base: digest,
      packages: z.array(z.string()),
      updates: z.string(),
      accelerator,
      events: z.number(),
      proof,
      removed: z.array(z.string()),
    })
    .optional(),
})
export type Manifest = z.output<typeof manifestSchema>

/** Undefined when the text is not a manifest of this version. */
export function parseManifest(text: string): Manifest | undefined {
  return manifestSchema.safeParse(parsedJson(text)).data
}
