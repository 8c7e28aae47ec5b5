import { difference, type NoiseReading, noiseBetween, noiseFunctions, parseNoise } from '../../bench/noise.ts'
import type { Noise } from '../../bench/record.ts'
import { virsh } from '../../lab/libvirt/virsh.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'

/**
 * The hypervisor's counters around a trial in a guest, with what QEMU used so far: CPU-seconds from libvirt, waits and context
 * switches from the process, whose id libvirt keeps in a file (no command tells it).
 */
export async function readHypervisor(context: ModuleContext, domain: string): Promise<NoiseReading> {
  const answer = await context.run(sh`${noiseFunctions}
pid=$(cat ${`/run/libvirt/qemu/${domain}.pid`} 2>/dev/null)
mark '@@hvlab hypervisor'; counters "$pid"
${virsh} domstats --cpu-total ${domain}`)
  return parseNoise(answer.stdout)
}

/**
 * The hypervisor while the workload ran, and not while the guest took the login and its own readings: those may cost an emulated
 * guest as much as a short trial, and make others wait. Read when the marks around the workload arrive, by a command of
 * two milliseconds; what libvirt says takes 30 ms of CPU.
 */
export class WorkloadMeter {
  readonly #context: ModuleContext
  readonly #pid: number | null
  readonly #readings: Partial<Record<'start' | 'end', Promise<NoiseReading | null>>> = {}
  constructor(context: ModuleContext, { qemu }: NoiseReading) {
    this.#context = context
    this.#pid = qemu?.pid ?? null
  }

  readonly read = (edge: 'start' | 'end'): void => {
    if (this.#pid !== null) this.#readings[edge] = this.#reading(this.#pid)
  }

  /** Null when a reading is missing: a lost guest has no process any more. */
  async between(): Promise<{ readonly noise: Noise; readonly cpuS: number } | null> {
    const [start, end] = [await this.#readings.start, await this.#readings.end]
    if (!start?.qemu || !end?.qemu) return null
    return { noise: noiseBetween(start, end), cpuS: difference(start.qemu.cpuS, end.qemu.cpuS) ?? 0 }
  }

  async #reading(pid: number): Promise<NoiseReading | null> {
    try {
      const { stdout } = await this.#context.run(sh`read -r uptime rest < /proc/uptime; echo "uptime $uptime"
grep -sHE '^(cpu |ctxt |some )' /proc/stat /proc/pressure/cpu /proc/pressure/memory /proc/pressure/io
grep -sH '' ${`/proc/${pid}/stat`}`)
      return parseNoise(stdout)
    } catch (error) {
      // The run was interrupted; the trial itself says so.
      if (error instanceof FailureError) return null
      throw error
    }
  }
}

/** Counters of the workload's own time, and the rest (throttling, frequency) from the readings around the whole trial. */
export function narrowed(around: Noise, during: Noise | undefined): Noise {
  if (during === undefined) return around
  const { elapsed_s, psi_cpu_s, psi_memory_s, psi_io_s, steal_s, busy_s, context_switches } = during
  return { ...around, elapsed_s, psi_cpu_s, psi_memory_s, psi_io_s, steal_s, busy_s, context_switches }
}
