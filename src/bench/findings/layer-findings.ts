import type { Chain } from '../layers.ts'
import { besideOther } from '../setting-comparison.ts'
import { nominalLevel } from '../statistics.ts'
import { listed, range, times } from '../words.ts'
import type { Finding, Rule } from './finding.ts'

/**
 * Guests of one machine that differ in their accelerator and what goes with it (machine, model of the CPU): emulation multiplies
 * what virtualisation costs. Nothing is said of guests that differ in more.
 */
export const layerFindings: Rule = ({ design, environments }, comparisons) => {
  const domainOf = (guest: string) => environments.find(({ subject }) => subject === guest)?.domain ?? null
  const shape = (guest: string): string => {
    const { image, memory_mib, vcpus, disks, interfaces, pinning } = domainOf(guest) ?? {}
    return JSON.stringify([image, memory_mib, vcpus, disks, interfaces, pinning])
  }
  const under = (accelerator: 'kvm' | 'tcg') =>
    comparisons.filter(({ guest }) => domainOf(guest)?.accelerator === accelerator)
  return under('tcg').flatMap((emulated): Finding[] => {
    const { workload, slowdown, guest, baseline } = emulated
    const virtual = under('kvm').find(
      (other) =>
        other.workload.id === workload.id &&
        other.baseline === baseline &&
        shape(other.guest) === shape(guest),
    )
    const beside = virtual && besideOther(design, emulated, virtual)
    if (virtual === undefined || beside === undefined) return []
    const { centre, low, high, level = 0 } = beside.slowdown
    const interval = level < nominalLevel ? '' : ` (${range(low, high, times)})`
    const text = `${workload.title}, ${design.hypervisor}: ${times(virtual.slowdown.centre)} under KVM (${virtual.guest}), ${times(slowdown.centre)} under TCG (${guest}), so emulation instead of the hardware's virtualisation is ${times(centre)}${interval} of it. Factors multiply.`
    return [{ rule: 'emulation-cost', level: 'fact', about: guest, text }]
  })
}

/** What layers inside each other cost together. */
export function chainFinding(chain: Chain): Finding {
  const { workload, layers, slowdown } = chain
  const factors = layers.map((layer) => times(layer.slowdown.centre))
  return {
    rule: 'layers-multiply',
    level: 'fact',
    about: layers.at(-1)?.guest ?? '',
    text: `${workload.title}, ${pathOf(chain)}: the layers cost ${listed(factors)}, which multiplies to ${times(slowdown.centre)}.`,
  }
}

/** `node › guest1 › guest2`. */
export function pathOf({ layers }: Chain): string {
  return [layers[0]?.hypervisor ?? '', ...layers.map(({ guest }) => guest)].join(' › ')
}
