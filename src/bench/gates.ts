import type { Noise, QemuUse, Sample } from './record.ts'
import { total } from './statistics.ts'

/**
 * Limits of the gates: shares of a trial's time. They look at the machine and never at the result, so that no trial is
 * thrown out because of its figure.
 */
export const gateLimits = {
  psiShare: 0.02,
  stealShare: 0.01,
  otherWorkShare: 0.25,
  clockDrift: 0.005,
} as const

/** What marks a trial as contaminated. */
export type Flag =
  | 'host-cpu-pressure'
  | 'guest-cpu-pressure'
  | 'host-memory-pressure'
  | 'guest-memory-pressure'
  | 'host-other-work'
  | 'guest-other-work'
  | 'host-steal'
  | 'guest-steal'
  | 'host-throttled'
  | 'guest-throttled'
  | 'clock-drift'

/**
 * The gates that a machine's counters fail; empty when none, or when the kernel does not tell. `crowded`: the workload
 * starts more threads than there are CPUs, so that they wait for each other and pressure says nothing about company.
 */
export function noiseFlags(
  noise: Noise,
  observedS: number,
  where: 'host' | 'guest',
  crowded: boolean,
): Flag[] {
  const elapsedS = noise.elapsed_s ?? observedS
  const above = (seconds: number | null, share: number): boolean =>
    seconds !== null && seconds > share * elapsedS
  return [
    ...(!crowded && above(noise.psi_cpu_s, gateLimits.psiShare) ? [`${where}-cpu-pressure` as const] : []),
    ...(above(noise.psi_memory_s, gateLimits.psiShare) ? [`${where}-memory-pressure` as const] : []),
    ...(above(noise.steal_s, gateLimits.stealShare) ? [`${where}-steal` as const] : []),
    ...((noise.throttled_s ?? 0) > 0 || (noise.thermal_throttles ?? 0) > 0
      ? [`${where}-throttled` as const]
      : []),
  ]
}

/**
 * What CPUs did beside the trial: all that they were busy with, less `ownS`, the trial's own CPU-seconds. A neighbour on an idle
 * CPU makes nobody wait, so that pressure does not see it, and takes cache, memory bandwidth and turbo all the same.
 */
export function otherWorkFlags(
  noise: Noise,
  ownS: number | null,
  observedS: number,
  where: 'host' | 'guest',
): Flag[] {
  if (noise.busy_s === null || ownS === null) return []
  const elapsedS = noise.elapsed_s ?? observedS
  return noise.busy_s - ownS > gateLimits.otherWorkShare * elapsedS ? [`${where}-other-work`] : []
}

/** What company does to a trial: in a round of several guests it is measured, and disturbs nothing. */
const companyFlags: ReadonlySet<string> = new Set<Flag>([
  'host-cpu-pressure',
  'host-other-work',
  'guest-steal',
])

/** The gates that a trial of a round fails. Other work there is what no trial of the round did. A guest alone is to have no company. */
export function roundFlags(
  { flags, hypervisor_noise: noise, observed_s }: Sample,
  round: readonly Sample[],
): string[] {
  if (round.length === 1) return [...flags]
  const used = round.flatMap(({ host_cpu_s }) => host_cpu_s ?? [])
  const ownS = used.length < round.length ? null : total(used)
  return [
    ...flags.filter((flag) => !companyFlags.has(flag)),
    ...(noise === null ? [] : otherWorkFlags(noise, ownS, observed_s, 'host')),
  ]
}

/** A quota on QEMU's control group slows the guest, and the guest cannot see it. */
export function qemuFlags(qemu: QemuUse | null): Flag[] {
  return (qemu?.throttled_s ?? 0) > 0 ? ['guest-throttled'] : []
}

/** Certain drift only: what the way of measuring leaves open is granted. */
export function driftFlags(drift: ClockDrift | null): Flag[] {
  return drift !== null && Math.abs(drift.drift) - drift.uncertainty > gateLimits.clockDrift
    ? ['clock-drift']
    : []
}

export interface ClockDrift {
  /** 0.01 = the subject's clock ran 1 % faster than the controller's. */
  readonly drift: number
  readonly uncertainty: number
}

/** /proc/uptime has steps of 10 ms; the way of a line of output to the controller varies by about as much. */
const readingSlackS = 0.02

/**
 * The subject's clock against the controller's over one trial. Both are read twice: the subject's in the trial's script, the
 * controller's when the marks around the workload arrive, so that the way there, which is the same twice, drops out.
 */
export function clockDrift(subjectS: number | null, controllerS: number | null): ClockDrift | null {
  if (subjectS === null || controllerS === null || controllerS <= 0) return null
  const round = (value: number): number => Number(value.toFixed(6))
  return {
    drift: round(subjectS / controllerS - 1),
    uncertainty: round(readingSlackS / controllerS),
  }
}
