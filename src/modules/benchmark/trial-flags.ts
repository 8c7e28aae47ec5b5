import {
  type ClockDrift,
  driftFlags,
  type Flag,
  noiseFlags,
  otherWorkFlags,
  qemuFlags,
} from '../../bench/gates.ts'
import type { Design, Noise, QemuUse, Subject } from '../../bench/record.ts'
import type { Workload } from '../../bench/workload-file.ts'

/** What was read around one trial. */
export interface TrialReadings {
  readonly threads: number
  /** Of the subject, and of the hypervisor while a guest's workload ran. */
  readonly noise: Noise
  readonly around: Noise | null
  readonly qemu: QemuUse | null
  /** CPU-seconds of the workload in its subject, and of QEMU on the hypervisor. */
  readonly cpuS: number | null
  readonly qemuS: number | null
  readonly drift: ClockDrift | null
  readonly observedS: number
}

/**
 * The gates that a trial fails. The server of a network workload, and what the kernel does between the two ends, is work on the
 * hypervisor that belongs to the trial and is not in its CPU-seconds: there neither other work nor CPU pressure is asked for. Nor is
 * CPU pressure in a guest with a network workload: its kernel's own threads wait there for the workload. A workload that waits for
 * the disk makes such pressure on both sides, 3 to 10 % on a machine that does nothing else; who takes its CPU is other work.
 */
export function trialFlags(
  design: Design,
  subject: Subject,
  { server, path, waits_for_disk: disk = false }: Workload,
  { threads, noise, around, qemu, cpuS, qemuS, drift, observedS }: TrialReadings,
): Flag[] {
  const native = subject.kind === 'native'
  const where = native ? 'host' : 'guest'
  const served = server !== undefined
  const cpus = cpusOf(design, subject)
  return [
    ...noiseFlags(
      noise,
      observedS,
      where,
      threads > cpus.own || disk || (native ? served : path !== undefined),
    ),
    ...(around === null
      ? []
      : noiseFlags(
          around,
          observedS,
          'host',
          Math.min(threads, cpus.own) > cpus.hypervisor || disk || served,
        )),
    ...(native && served ? [] : otherWorkFlags(noise, cpuS, observedS, where)),
    ...(around === null || served ? [] : otherWorkFlags(around, qemuS, observedS, 'host')),
    ...qemuFlags(qemu),
    ...driftFlags(drift),
  ]
}

/** CPUs that the workload's threads may use, and those that the hypervisor may use for them. */
function cpusOf({ subjects }: Design, subject: Subject): { own: number; hypervisor: number } {
  const native = subject.kind === 'native' ? subject : subjects.find(({ id }) => id === subject.baseline)
  const hypervisor = native?.cpus?.length ?? subject.vcpus
  return { own: subject.kind === 'native' ? hypervisor : subject.vcpus, hypervisor }
}
