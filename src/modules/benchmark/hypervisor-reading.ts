import { difference, type NoiseReading, noiseFunctions, parseNoise } from '../../bench/noise.ts'
import { virsh } from '../../lab/virsh.ts'
import { FailureError } from '../../model/failure.ts'
import { sh } from '../../util/sh.ts'
import type { ModuleContext } from '../module.ts'

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
 * CPU-seconds of QEMU while the workload ran, and not while the guest took the login and its own readings, which may cost
 * an emulated guest as much as a short trial. Read when the marks around the workload arrive, by a command that costs nothing;
 * what libvirt says takes 30 ms of CPU.
 */
export class QemuMeter {
  readonly #context: ModuleContext
  readonly #pid: number | null
  readonly #readings: Partial<Record<'start' | 'end', Promise<number | null>>> = {}
  constructor(context: ModuleContext, { qemu }: NoiseReading) {
    this.#context = context
    this.#pid = qemu?.pid ?? null
  }

  readonly read = (edge: 'start' | 'end'): void => {
    if (this.#pid !== null) this.#readings[edge] = this.#cpuSeconds(this.#pid)
  }

  /** Null when a reading is missing: a lost guest has no process any more. */
  async usedS(): Promise<number | null> {
    return difference((await this.#readings.start) ?? null, (await this.#readings.end) ?? null)
  }

  async #cpuSeconds(pid: number): Promise<number | null> {
    try {
      const { stdout } = await this.#context.run(sh`grep -H '' ${`/proc/${pid}/stat`}`)
      return parseNoise(stdout).qemu?.cpuS ?? null
    } catch (error) {
      // The run was interrupted; the trial itself says so.
      if (error instanceof FailureError) return null
      throw error
    }
  }
}
