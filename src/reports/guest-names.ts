import type { Comparison } from '../bench/comparison.ts'
import type { Language } from './language.ts'

/** As much of a guest's name as tells it from the others in the report: nothing where there is one only. */
export function guestNames(
  comparisons: readonly Comparison[],
  { say }: Language,
): (comparison: Pick<Comparison, 'guest' | 'hypervisor'>) => string {
  const hosts = new Set(comparisons.map(({ hypervisor }) => hypervisor))
  const guests = new Set(comparisons.map(({ hypervisor, guest }) => `${hypervisor} ${guest}`))
  if (guests.size < 2) return () => ''
  return ({ guest, hypervisor }) => (hosts.size < 2 ? guest : say(`${guest} on ${hypervisor}`))
}
