import { clockSources, emulatedClocks } from '../clock-sources.ts'
import type { Comparison } from '../comparison.ts'
import { explaining, type OperationCost, operationCost } from '../operation-cost.ts'
import type { Benchmark, Environment } from '../record.ts'
import { duration, listed, times } from '../words.ts'
import type { Finding, Rule } from './finding.ts'

/**
 * Why the rest is slow: what the basic operations cost that programs do all the time. Two readings of the clock are in one
 * operation of a workload that explains the clock, two calls in one that explains system calls.
 */
export const costFindings: Rule = (benchmark, comparisons) =>
  [...new Set(comparisons.map(({ guest }) => guest))].flatMap((guest) => {
    const environment = (subject: string): Environment | undefined =>
      benchmark.environments.find((candidate) => candidate.subject === subject)
    const inGuest = environment(guest)
    const cost = (what: 'clock' | 'syscall' | 'trap'): [Comparison, OperationCost] | undefined => {
      const comparison = explaining(comparisons, guest, what)
      const found = comparison === undefined ? undefined : operationCost(benchmark, comparison)
      return comparison === undefined || found === undefined ? undefined : [comparison, found]
    }
    const clock = cost('clock')
    const syscall = cost('syscall')
    const trap = cost('trap')
    return [
      ...(clock === undefined ? [] : [clockCost(benchmark, ...clock)]),
      ...(syscall === undefined ? [] : [syscallCost(...syscall)]),
      ...(trap === undefined || inGuest === undefined
        ? []
        : [trapCost(inGuest, environment(trap[0].baseline), ...trap)]),
    ]
  })

const fact = (rule: string, about: string, text: string): Finding => ({ rule, level: 'fact', about, text })
/** The factor is the one of the tables: of the blocks, not of the two medians. */
function compared(
  what: string,
  { guest, slowdown: { centre } }: Comparison,
  { guestS, nativeS }: OperationCost,
  share = 1,
): string {
  const factor = centre < 1 ? `${times(1 / centre)} faster` : times(centre)
  return `${what} takes ${duration(guestS * share)} in ${guest} and ${duration(nativeS * share)} natively: ${factor}`
}

function clockCost(benchmark: Benchmark, comparison: Comparison, cost: OperationCost): Finding {
  const { guest, baseline } = comparison
  const [inGuest, natively] = [
    clockSources(benchmark.samples, guest),
    clockSources(benchmark.samples, baseline),
  ]
  const from =
    inGuest.length === 0 || natively.length === 0
      ? ''
      : ` (from ${listed(inGuest)}${inGuest.some((source) => emulatedClocks.has(source)) ? ', an emulated device' : ''}; natively from ${listed(natively)})`
  return fact(
    'clock-cost',
    guest,
    `${compared(`Reading the clock${from}, with sysbench's loop around it,`, comparison, cost, 0.5)}.`,
  )
}

function syscallCost(comparison: Comparison, cost: OperationCost): Finding {
  return fact(
    'system-call-cost',
    comparison.guest,
    `${compared('A system call that does next to nothing', comparison, cost, 0.5)}. The guest's kernel answers it, without the hypervisor.`,
  )
}

function trapCost(
  inGuest: Environment,
  native: Environment | undefined,
  comparison: Comparison,
  cost: OperationCost,
): Finding {
  const how = {
    kvm: ' For it the CPU leaves the guest and KVM answers.',
    tcg: ' No CPU is left for it here: QEMU computes the answer.',
  }
  const nested =
    native !== undefined && native.virtualization.length > 0
      ? ` ${native.hypervisor} is itself virtual (${native.virtualization.join(' inside ')}), so the native figure may be the cost of leaving that.`
      : ''
  const accelerator = inGuest.domain?.accelerator
  return fact(
    'trap-cost',
    comparison.guest,
    `${compared('The instruction CPUID', comparison, cost)}.${accelerator === 'kvm' || accelerator === 'tcg' ? how[accelerator] : ''}${nested}`,
  )
}
