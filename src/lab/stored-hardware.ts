import { z } from 'zod'
import { defined } from '../util/defined.ts'
import { type Hardware, plainDisk } from './hardware.ts'

const tuning = {
  cache: z.enum(['none', 'writeback', 'writethrough', 'directsync', 'unsafe']).optional(),
  io: z.enum(['native', 'threads', 'io_uring']).optional(),
  discard: z.enum(['unmap', 'ignore']),
}
const amount = z.number().int().positive()

/** The hardware in what metadata keeps; see `configOf`. Metadata comes from a host and may have been edited. */
const storedSchema = z.object({
  vcpus: amount,
  vcpus_max: amount.optional(),
  topology: z.object({ sockets: amount, cores: amount, threads: amount }).optional(),
  memory_mb: amount,
  memory_max_mb: amount.optional(),
  hugepages: z.enum(['2M', '1G', 'never']).optional(),
  pinning: z.object({ vcpus: z.array(z.string()), emulator: z.string().optional() }).optional(),
  numa: z.object({ nodes: z.string(), mode: z.enum(['strict', 'preferred', 'interleave']) }).optional(),
  disk_gb: amount,
  disk: z.object({ mode: z.enum(['overlay', 'full', 'raw']), ...tuning }).default(plainDisk),
  disks: z
    .array(z.object({ name: z.string(), size_gb: amount, format: z.enum(['qcow2', 'raw']), ...tuning }))
    .default([]),
  network: z.string(),
  networks: z.array(z.string()).default([]),
  firmware: z.enum(['direct', 'bios', 'uefi']).default('direct'),
  tpm: z.boolean().default(false),
  agent: z.boolean().default(true),
})

/** Undefined when the metadata was edited into something that hvlab never writes. */
export function hardwareIn(config: unknown): Hardware | undefined {
  const parsed = storedSchema.safeParse(config)
  if (!parsed.success) return undefined
  const { vcpus_max, memory_mb, memory_max_mb, disk_gb, disks, disk, pinning, ...same } = parsed.data
  return defined({
    ...same,
    vcpusMax: vcpus_max,
    memoryMb: memory_mb,
    memoryMaxMb: memory_max_mb,
    pinning: pinning && defined(pinning),
    diskGb: disk_gb,
    disk: defined(disk),
    disks: disks.map(({ size_gb, ...each }) => defined({ ...each, sizeGb: size_gb })),
  })
}
