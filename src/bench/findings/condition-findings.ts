import { counted } from '../../util/words.ts'
import { clockSources, everySample } from '../clock-sources.ts'
import type { Comparison } from '../comparison.ts'
import { countingSamples } from '../counting-samples.ts'
import type { Benchmark, Environment, Subject, Tool } from '../record.ts'
import { figure, intervalHeading, listed, percent } from '../words.ts'
import type { Finding, Rule } from './finding.ts'

/** What was compared with what, and where the two sides differ in more than virtualisation. */
export const conditionFindings: Rule = (benchmark, comparisons) => [
  ...incomplete(benchmark),
  ...notCompared(benchmark, comparisons),
  ...nestedHost(benchmark),
  ...unlimitedMemory(benchmark),
  ...guests(benchmark).flatMap(([guest, environment, native]) => [
    ...accelerator(guest, environment),
    ...tools(guest, environment, native),
    ...fewerCpus(benchmark, guest),
  ]),
  ...clockChanged(benchmark),
  ...comparisons.flatMap(fasterThanNative),
]

/** The evidence is an interval, and how sure that is belongs to it: with four blocks in which nothing differs, one of sixteen is above 100 %. */
function fasterThanNative({ guest, workload, efficiencyPercent }: Comparison): Finding[] {
  const { centre, low, level = 0 } = efficiencyPercent
  if (low === undefined || low <= 100) return []
  return [
    {
      rule: 'faster-than-native',
      level: 'caution',
      about: guest,
      text: `${workload.title}: ${guest} measured ${percent(centre)} of native, and its whole ${intervalHeading([efficiencyPercent])} is above 100 %. Virtualisation makes nothing faster: the two sides had other conditions or did other work, or it is chance, which puts one of ${Math.round(2 / (1 - level))} such intervals there where nothing differs.`,
    },
  ]
}

function incomplete({ design, samples, stops }: Benchmark): Finding[] {
  const wanted = design.workloads
    .map(({ id }) => stops.find(({ workload }) => workload === id)?.blocks ?? design.blocks)
    .reduce((sum, blocks) => sum + blocks * design.subjects.length, 0)
  const measured = countingSamples(samples).length
  if (measured >= wanted) return []
  const without = design.subjects
    .filter(({ id }) => !samples.some(({ subject, warm_up }) => subject === id && !warm_up))
    .map(({ id, kind }) => (kind === 'native' ? design.hypervisor : id))
  const text = `The benchmark on ${design.hypervisor} ended after ${measured} of ${counted(wanted, 'trial')}; only complete pairs are counted.${without.length === 0 ? '' : ` Without any trial: ${listed(without)}.`}`
  return [{ rule: 'incomplete', level: 'caution', about: design.hypervisor, text }]
}

/** Rather than a table that is silently shorter. */
function notCompared({ design }: Benchmark, comparisons: readonly Comparison[]): Finding[] {
  return design.subjects.flatMap(({ id, kind }): Finding[] => {
    const missing = design.workloads.filter(
      ({ id: workload }) => !comparisons.some((one) => one.guest === id && one.workload.id === workload),
    )
    if (kind === 'native' || missing.length === 0) return []
    const text = `Not compared with native in ${id}: ${listed(missing.map(({ title }) => title))}. No block has a figure of both sides.`
    return [{ rule: 'not-compared', level: 'caution', about: id, text }]
  })
}

function nestedHost({ design, environments }: Benchmark): Finding[] {
  const native = environments.find(({ kind }) => kind === 'native')
  if (native === undefined || native.virtualization.length === 0) return []
  return [
    {
      rule: 'native-is-virtual',
      level: 'caution',
      about: design.hypervisor,
      text: `${design.hypervisor} is itself virtual (${native.virtualization.join(' inside ')}): native here means on that system, and what its own layers cost is in neither figure.`,
    },
  ]
}

function unlimitedMemory({ design, samples }: Benchmark): Finding[] {
  const native = samples.filter(({ kind, warm_up }) => kind === 'native' && !warm_up)
  if (native.length === 0 || native.some(({ memory_limit_mib }) => memory_limit_mib !== null)) return []
  const [subject] = design.subjects.filter(({ kind, memory_mib }) => kind === 'native' && memory_mib !== null)
  if (subject === undefined || subject.memory_mib === null) return []
  return [
    {
      rule: 'memory-not-limited',
      level: 'fact',
      about: design.hypervisor,
      text: `${design.hypervisor} could not be held to the guest's ${figure(subject.memory_mib)} MiB of memory (neither systemd nor a writable control group). Only a workload that wants more than that, its files in the cache included, is compared unfairly.`,
    },
  ]
}

function accelerator(guest: Subject, environment: Environment): Finding[] {
  if (environment.domain?.accelerator !== 'tcg') return []
  const because =
    environment.domain.reason === null ? '' : ` Why not KVM: ${environment.domain.reason.replace(/\.$/, '')}.`
  return [
    {
      rule: 'emulated-cpu',
      level: 'fact',
      about: guest.id,
      text: `${guest.id} ran under TCG: QEMU translates every instruction of the guest in software, and the hardware's virtualisation takes no part.${because}`,
    },
  ]
}

function tools(guest: Subject, environment: Environment, native: Environment | undefined): Finding[] {
  if (native === undefined) return []
  return native.tools.flatMap((left) => {
    const right = environment.tools.find(({ name }) => name === left.name)
    return right === undefined ? [] : toolDiffers(guest.id, native.hypervisor, left, right)
  })
}

function toolDiffers(guest: string, hypervisor: string, left: Tool, right: Tool): Finding[] {
  if (left.version !== right.version) {
    return [
      {
        rule: 'tool-version-differs',
        level: 'caution',
        about: guest,
        text: `${left.name} is ${left.version} on ${hypervisor} and ${right.version} in ${guest}: versions count differently, so part of the difference may be the tool.`,
      },
    ]
  }
  if (left.sha256 === null || right.sha256 === null || left.sha256 === right.sha256) return []
  return [
    {
      rule: 'tool-binary-differs',
      level: 'caution',
      about: guest,
      text: `${left.name} ${left.version} is not the same binary on ${hypervisor} (sha256 ${left.sha256.slice(0, 12)}) and in ${guest} (${right.sha256.slice(0, 12)}): another compiler can move the figures by some percent.`,
    },
  ]
}

function fewerCpus({ design }: Benchmark, guest: Subject): Finding[] {
  const baseline = design.subjects.find(({ id }) => id === guest.baseline)
  const cpus = baseline?.cpus?.length
  if (cpus === undefined || cpus >= guest.vcpus) return []
  return [
    {
      rule: 'fewer-cpus-than-vcpus',
      level: 'caution',
      about: guest.id,
      text: `${guest.id} has ${counted(guest.vcpus, 'vCPU')} and ${design.hypervisor} could use only ${counted(cpus, 'CPU')}: the guest's vCPUs share them.`,
    },
  ]
}

/** A kernel that no longer trusts the TSC takes another clock, and under TCG one that takes tens of times as long to read. */
function clockChanged(benchmark: Benchmark): Finding[] {
  const { subjects, hypervisor } = benchmark.design
  return subjects.flatMap(({ id, kind }): Finding[] => {
    const seen = clockSources(everySample(benchmark), id)
    if (seen.length < 2) return []
    const name = kind === 'guest' ? id : hypervisor
    const text = `${name} changed its clock source during the benchmark (${listed(seen)}): rates before and after are not comparable.`
    return [{ rule: 'clock-source-changed', level: 'caution', about: name, text }]
  })
}

function guests({ design, environments }: Benchmark): [Subject, Environment, Environment | undefined][] {
  return design.subjects.flatMap((subject): [Subject, Environment, Environment | undefined][] => {
    const environment = environments.find((candidate) => candidate.subject === subject.id)
    if (subject.kind !== 'guest' || environment === undefined) return []
    return [[subject, environment, environments.find((candidate) => candidate.subject === subject.baseline)]]
  })
}
