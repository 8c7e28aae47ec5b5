import { z } from 'zod'
import { memoryLimits } from './confinement.ts'
import type { Crowd, Skipped } from './crowd-record.ts'
import { recordedWorkloadSchema } from './workload-file.ts'

/*
 * What a benchmark leaves in the journal, by channel. Written by the module `benchmark`, read by reports, kept in
 * results.json. Unknown fields are allowed: a newer hvlab may have written the journal.
 */

/** Null = not known, also when an older hvlab wrote the journal. */
const known = z.number().nullable().default(null)

/** Counters of one machine over one trial. Null = the kernel, or the container, does not show them. */
const noiseSchema = z.object({
  /** By the machine's own clock. */
  elapsed_s: known,
  /** Seconds in which some task waited for a CPU, for memory, for a disk (PSI). */
  psi_cpu_s: known,
  psi_memory_s: known,
  psi_io_s: known,
  /** Seconds that the hypervisor below took, over all CPUs. */
  steal_s: known,
  /** CPU-seconds that anything ran but interrupts, over all CPUs. */
  busy_s: known,
  /** Of the whole machine. */
  context_switches: known,
  /** Seconds that a CPU quota held back the reader's own control group or one above it. */
  throttled_s: known,
  /** How often a CPU was slowed down because of its temperature. */
  thermal_throttles: known,
  /** Lowest and highest `scaling_cur_freq` of the CPUs, right after the workload. */
  mhz_low: known,
  mhz_high: known,
})

/** What QEMU's threads did on the hypervisor around a trial in the guest, login and readings included. */
const qemuSchema = z.object({
  cpu_s: z.number(),
  /** Seconds that its threads were ready and waited for a CPU: the guest's steal, which TCG cannot show inside. */
  waited_s: known,
  context_switches_voluntary: known,
  context_switches_forced: known,
  throttled_s: known,
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
  workloads: z.array(recordedWorkloadSchema),
  subjects: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['native', 'guest']),
      /** For a guest: the native subject with as many CPUs. */
      baseline: z.string().nullable(),
      domain: z.string().nullable(),
      cpus: z.array(z.number()).nullable(),
      vcpus: z.number(),
      /** Of the guest; what the native side is held to. */
      memory_mib: known,
    }),
  ),
  /** How native trials are held to their guest's memory; null = they are not. */
  memory_limit_by: z.enum(memoryLimits).nullable().default(null),
  /** At most; with `precision_percent` a workload whose interval is narrow enough needs no more. */
  blocks: z.number(),
  /** Half of the interval's width that is narrow enough, in percent; null = all blocks are measured. */
  precision_percent: known,
  /** Seconds after which no further block begins; null = no limit. */
  budget_s: known,
  /** How many contaminated trials are taken again at most. */
  most_repeats: z.number().default(0),
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
  /** Of the CPUs, as the subject sees them; see bench/platform-fact.ts. */
  platform: z
    .object({
      sockets: z.number(),
      cores_per_socket: z.number(),
      threads_per_core: z.number(),
      numa_nodes: known,
      l3_cache: z.string().nullable(),
      microcode: z.string().nullable(),
      smt: z.string().nullable(),
      frequency_driver: z.string().nullable(),
      boost: z.boolean().nullable(),
      transparent_huge_pages: z.string().nullable(),
      huge_pages: known,
      mitigations: z.record(z.string(), z.string()),
      kernel_command_line: z.string(),
    })
    .nullable()
    .default(null),
  /** Layers of virtualisation around the subject, innermost first; empty on bare metal. */
  virtualization: z.array(z.string()),
  /** The last boot by systemd's account, see bench/boot-fact.ts. */
  boot: z
    .object({
      firmware_s: known,
      loader_s: known,
      kernel_s: known,
      initrd_s: known,
      userspace_s: z.number(),
    })
    .nullable()
    .default(null),
  /** Of a guest: from `virsh start` to the first login over SSH, in this start of its domain; null where hvlab did not see both. */
  login_s: known,
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
      /** That it was made from: hvlab's name and key for it, and its disk's SHA-256. */
      image: z
        .object({ name: z.string(), key: z.string(), sha256: z.string().nullable() })
        .nullable()
        .default(null),
      machine: z.string().nullable(),
      cpu: z.string().nullable(),
      memory_mib: known,
      vcpus: known,
      /** `vCPU 0: CPUs 2`, `emulator: CPUs 0-1`; empty = the scheduler decides. */
      pinning: z.array(z.string()).default([]),
      /** libvirt's words; `default` where the definition leaves it to QEMU. */
      disks: z.array(z.record(z.string(), z.string())).default([]),
      interfaces: z.array(z.record(z.string(), z.string())).default([]),
      huge_pages: z.boolean().default(false),
      /** libvirt's word where it is not QEMU's own memory: `memfd`. */
      memory_source: z.string().nullable().default(null),
      /** The host's NUMA nodes that its memory comes from: `1`, `0-1`; null = any. */
      memory_nodes: z.string().nullable().default(null),
    })
    .nullable(),
  /** Only of a native subject. */
  hypervisor_software: z.object({ qemu: z.string().nullable(), libvirt: z.string().nullable() }).nullable(),
})
export type Environment = z.output<typeof environmentSchema>
export type BootTime = NonNullable<Environment['boot']>

/** Channel `stop`: once per workload, when it needs no further block. */
export const stopSchema = z.object({
  hypervisor: z.string(),
  workload: z.string(),
  blocks: z.number(),
  reason: z.enum(['precise', 'most-blocks', 'budget']),
})
export type Stop = z.output<typeof stopSchema>

/** Channel `sample`: one trial. */
export const sampleSchema = z.object({
  hypervisor: z.string(),
  subject: z.string(),
  kind: z.enum(['native', 'guest']),
  workload: z.string(),
  block: z.number(),
  order: z.number(),
  /** From 1; a contaminated trial is taken again, and both are recorded. */
  attempt: z.number().default(1),
  warm_up: z.boolean(),
  seed: z.number(),
  started_at: z.string(),
  argv: z.array(z.string()),
  threads: z.number(),
  duration_s: z.number(),
  cpus: z.array(z.number()).nullable(),
  /** What the workload could use; null = not limited. */
  memory_limit_mib: known,
  /** As the output says; null where it does not (the environment has it too). */
  tool_version: z.string().nullable(),
  metrics: z.record(z.string(), z.number()),
  clocksource: z.string().nullable(),
  /** From sending the command to its end, by the controller's clock. */
  observed_s: z.number(),
  /** CPU-seconds of the workload and its children, as its own system counts them. */
  cpu_s: known,
  /** The same as the hypervisor counts them: natively `cpu_s`, for a guest all threads of QEMU while the workload ran. */
  host_cpu_s: known,
  /** How much faster than the controller's the subject's clock ran (0.01 = 1 %), and how exactly that is known. */
  clock_drift: known,
  clock_drift_uncertainty: known,
  /** Of the subject itself around the trial, and of the hypervisor while a guest's workload ran. */
  noise: noiseSchema,
  hypervisor_noise: noiseSchema.nullable(),
  qemu: qemuSchema.nullable().default(null),
  /** The gates that it failed; any of them marks the trial as contaminated. */
  flags: z.array(z.string()),
  raw: z.string(),
})
export type Sample = z.output<typeof sampleSchema>
export type Noise = z.output<typeof noiseSchema>
export type QemuUse = z.output<typeof qemuSchema>

/** One benchmark on one hypervisor, as its records tell it. */
export interface Benchmark {
  readonly design: Design
  readonly environments: readonly Environment[]
  readonly samples: readonly Sample[]
  readonly stops: readonly Stop[]
  /** Empty unless scenarios were asked for. */
  readonly crowds: readonly Crowd[]
  readonly skipped: readonly Skipped[]
}

/** A benchmark before its first record. */
export const nothingRecorded = { environments: [], samples: [], stops: [], crowds: [], skipped: [] }
