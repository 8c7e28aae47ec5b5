import type { Comparison } from './comparison.ts'
import { listed, percent, times } from './words.ts'

/** Below this slowdown a share of native speed says more than a factor. */
const nearNative = 1.25

/** The result in one sentence, workloads in words. */
export function answer(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return 'No workload has a complete pair of native and guest figures.'
  const guests = new Set(comparisons.map(({ hypervisor, guest }) => `${hypervisor}/${guest}`))
  const hosts = [...new Set(comparisons.map(({ hypervisor }) => hypervisor))]
  const who =
    guests.size === 1
      ? `The guest ${comparisons[0]?.guest} on ${hosts[0]}`
      : `${guests.size} guests on ${hosts.length === 1 ? hosts[0] : `${hosts.length} hosts`}`
  const near = comparisons.every(({ slowdown }) => slowdown.centre < nearNative)
  const workloads = [
    ...new Map(comparisons.map((comparison) => [comparison.workload.id, comparison.workload])).values(),
  ]
  const parts = workloads.map((workload) => {
    const values = comparisons
      .filter((comparison) => comparison.workload.id === workload.id)
      .map(({ slowdown, efficiencyPercent }) => (near ? efficiencyPercent.centre : slowdown.centre))
    const [low, high] = [Math.min(...values), Math.max(...values)]
    const write = near ? percent : times
    const span = write(low) === write(high) ? write(high) : `${write(low).replace(/ .*/, '')}–${write(high)}`
    return `${span} at ${lowerFirst(workload.title)}`
  })
  const [one, many] = near ? ['reaches', 'reach'] : ['is', 'are']
  const [first = '', ...rest] = parts
  const headed = first.replace(' at ', near ? ' of native speed at ' : ' slower at ')
  return `${who} ${guests.size === 1 ? one : many} ${listed([headed, ...rest])}.`
}

const lowerFirst = (title: string): string => `${title.charAt(0).toLowerCase()}${title.slice(1)}`
