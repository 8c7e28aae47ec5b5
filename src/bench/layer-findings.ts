import type { Finding, Rule } from './finding.ts'
import type { Chain } from './layers.ts'
import { listed, times } from './words.ts'

/** Guests of one machine that differ in their accelerator: emulation multiplies what virtualisation costs. */
export const layerFindings: Rule = ({ design, environments }, comparisons) => {
  const under = (accelerator: 'kvm' | 'tcg') =>
    comparisons.filter(({ guest }) =>
      environments.some(({ subject, domain }) => subject === guest && domain?.accelerator === accelerator),
    )
  return under('tcg').flatMap((emulated): Finding[] => {
    const virtual = under('kvm').find(
      ({ workload, baseline }) => workload.id === emulated.workload.id && baseline === emulated.baseline,
    )
    if (virtual === undefined) return []
    const { workload, slowdown, guest } = emulated
    const emulation = slowdown.centre / virtual.slowdown.centre
    const text = `${workload.title}, ${design.hypervisor}: ${times(virtual.slowdown.centre)} under KVM (${virtual.guest}), ${times(slowdown.centre)} under TCG (${guest}), so emulation instead of the hardware's virtualisation is ${times(emulation)} of it. Factors multiply.`
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
