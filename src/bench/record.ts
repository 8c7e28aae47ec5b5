import { z } from 'zod'
import { workloadSchema } from './workload-file.ts'

/*
 * What a benchmark leaves in the journal, by channel. Written by the module `benchmark`, read by reports, kept in
 * results.json. Unknown fields are allowed: a newer hvlab may have written the journal.
 */

const noiseSchema = z.object({
  elapsed_s: z.number().nullable(),
  psi_cpu_s: z.number().nullable(),
  steal_s: z.number().nullable(),
})

/** A program that measures, as one machine has it. */
const toolSchema = z.object({
  name: z.string(),
  /** First version number that it prints, e.g. `1.0.20`. */
  version: z.string(),
  path: z.string(),
  /** Of the binary, hex: same version does not mean same compiler. Null where `sha256sum` is missing. */
  sha256: z.string().nullable(),
})
export type Tool = z.output<typeof toolSchema>

/** Channel `benchmark`: once, before the first trial. */
export const designSchema = z.object({
  hypervisor: z.string(),
  profile: z.string(),
  workloads: z.array(z.object(workloadSchema.shape)),
  subjects: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['native', 'guest']),
      /** For a guest: the native subject with as many CPUs. */
      baseline: z.string().nullable(),
      domain: z.string().nullable(),
      cpus: z.array(z.number()).nullable(),
      vcpus: z.number(),
    }),
  ),
  blocks: z.number(),
  duration_s: z.number(),
  threads: z.union([z.number(), z.literal('vcpus')]),
  seed: z.number(),
})
export type Design = z.output<typeof designSchema>
export type Subject = Design['subjects'][number]

/** Channel `environment`: once per subject. */
export const environmentSchema = z.object({
  hypervisor: z.string(),
  subject: z.string(),
  kind: z.enum(['native', 'guest']),
  os: z.string(),
  kernel: z.string(),
  cpu_model: z.string(),
  cpus_online: z.number(),
  cpus_used: z.string().nullable(),
  memory_mib: z.number(),
  governor: z.string().nullable(),
  /** Layers of virtualisation around the subject, innermost first; empty on bare metal. */
  virtualization: z.array(z.string()),
  clocksource: z.string(),
  clocksources_available: z.array(z.string()),
  /** The programs that the workloads run, each once. */
  tools: z.array(toolSchema),
  /** Only of a guest: how libvirt runs it. */
  domain: z
    .object({
      name: z.string(),
      /** `kvm`, or `tcg` for libvirt's type `qemu`. */
      accelerator: z.enum(['kvm', 'tcg', 'unknown']),
      reason: z.string().nullable(),
      machine: z.string().nullable(),
      cpu: z.string().nullable(),
    })
    .nullable(),
  /** Only of a native subject. */
  hypervisor_software: z.object({ qemu: z.string().nullable(), libvirt: z.string().nullable() }).nullable(),
})
export type Environment = z.output<typeof environmentSchema>

/** Channel `sample`: one trial. */
export const sampleSchema = z.object({
  hypervisor: z.string(),
  subject: z.string(),
  kind: z.enum(['native', 'guest']),
  workload: z.string(),
  block: z.number(),
  order: z.number(),
  warm_up: z.boolean(),
  seed: z.number(),
  started_at: z.string(),
  argv: z.array(z.string()),
  threads: z.number(),
  duration_s: z.number(),
  cpus: z.array(z.number()).nullable(),
  /** As the output says; null where it does not (the environment has it too). */
  tool_version: z.string().nullable(),
  metrics: z.record(z.string(), z.number()),
  clocksource: z.string().nullable(),
  /** From sending the command to its end, by the controller's clock. */
  observed_s: z.number(),
  /** Of the subject itself, and of the hypervisor around a guest's trial. */
  noise: noiseSchema,
  hypervisor_noise: noiseSchema.nullable(),
  flags: z.array(z.string()),
  raw: z.string(),
})
export type Sample = z.output<typeof sampleSchema>
export type RecordedNoise = z.output<typeof noiseSchema>

/** One benchmark on one hypervisor, as its records tell it. */
export interface Benchmark {
  readonly design: Design
  readonly environments: readonly Environment[]
  readonly samples: readonly Sample[]
}
