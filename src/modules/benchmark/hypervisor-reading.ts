import { type NoiseReading, noiseFunctions, parseNoise } from '../../bench/noise.ts'
import { virsh } from '../../lab/virsh.ts'
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
