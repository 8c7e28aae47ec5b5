import { clockSources } from '../bench/clock-sources.ts'
import type { Benchmark, Design, Environment, Subject } from '../bench/record.ts'
import { listed } from '../bench/words.ts'
import { headline, type Metric, type Workload } from '../bench/workload-file.ts'
import { counted } from '../util/words.ts'
import type { Measure } from './measure.ts'
import type { Side } from './side.ts'
import { type Essential, essentials } from './vocabulary.ts'

/** Something that is not the same on both sides. */
export interface Difference {
  /** An essential one spoils a verdict; any other may be the very cause that is looked for (a kernel, an image, QEMU). */
  readonly property: Essential | 'system' | 'kernel' | 'memory' | 'governor' | 'qemu' | 'libvirt' | 'machine'
  readonly essential: boolean
  /** The subject on the right. */
  readonly subject: string
  readonly left: string
  readonly right: string
}

/** What differs around a pair of measures. The native subject's properties come with each of its guests. */
export function differencesBetween(
  left: Measure,
  right: Measure,
  sides: readonly [Side, Side],
): Difference[] {
  const [one, other] = [contextOf(left, sides[0]), contextOf(right, sides[1])]
  if (one === undefined || other === undefined) return []
  const subjects = [
    difference(one.native, other.native),
    ...(left.quantity === 'native' ? [] : [difference(one.guest, other.guest)]),
  ]
  return [...trialDifferences(one, other, right.subject), ...subjects.flat()]
}

interface Context {
  readonly design: Design
  readonly workload: Workload
  readonly subject: Subject
  readonly native: Environment | undefined
  readonly guest: Environment | undefined
}

function contextOf(measure: Measure, side: Side): Context | undefined {
  const benchmark = side.benchmarks.find((candidate) => measuredIn(candidate, measure))
  const subject = benchmark?.design.subjects.find(({ id }) => id === measure.subject)
  if (benchmark === undefined || subject === undefined) return undefined
  const environment = (id: string | null): Environment | undefined => {
    const found = benchmark.environments.find((candidate) => candidate.subject === id)
    // A kernel may change it between two trials.
    const sources = clockSources(benchmark.samples, id ?? '')
    return found && { ...found, clocksource: listed(sources.length > 0 ? sources : [found.clocksource]) }
  }
  return {
    design: benchmark.design,
    workload: measure.workload,
    subject,
    native: environment(subject.baseline ?? subject.id),
    guest: environment(subject.id),
  }
}

function measuredIn({ design }: Benchmark, measure: Measure): boolean {
  return design.hypervisor === measure.hypervisor && design.subjects.some(({ id }) => id === measure.subject)
}

type Reading = readonly [Difference['property'], (environment: Environment) => string]

const readings: readonly Reading[] = [
  ['cpu', ({ kind, cpu_model }) => (kind === 'native' ? cpu_model : '')],
  ['layers', ({ kind, virtualization }) => (kind === 'native' ? virtualization.join(' in ') || 'none' : '')],
  ['accelerator', ({ domain }) => domain?.accelerator ?? ''],
  ['guest-cpu', ({ domain }) => domain?.cpu ?? ''],
  ['clock-source', ({ clocksource }) => clocksource],
  [
    'tool',
    ({ tools }) =>
      tools
        .map(({ name, version, sha256 }) => `${name} ${version} ${sha256?.slice(0, 12) ?? ''}`.trim())
        .join(', '),
  ],
  ['system', ({ os }) => os],
  ['kernel', ({ kernel }) => kernel],
  ['memory', ({ memory_mib }) => `${memory_mib} MiB`],
  ['governor', ({ governor }) => governor ?? ''],
  ['qemu', ({ hypervisor_software }) => hypervisor_software?.qemu ?? ''],
  ['libvirt', ({ hypervisor_software }) => hypervisor_software?.libvirt ?? ''],
  ['machine', ({ domain }) => domain?.machine ?? ''],
]

function difference(left: Environment | undefined, right: Environment | undefined): Difference[] {
  if (left === undefined || right === undefined) return []
  return readings.flatMap(([property, read]) => {
    const [one, other] = [read(left), read(right)]
    const about = right.kind === 'native' ? right.hypervisor : right.subject
    return one === other ? [] : [made(property, about, one || 'none', other || 'none')]
  })
}

/**
 * The command, what comes before and beside it, its figure, its length, its threads and the CPUs it had: a trial of another shape is
 * another measurement.
 */
function trialDifferences(left: Context, right: Context, subject: string): Difference[] {
  const shapes = [left, right].map(({ design, workload, subject: { vcpus } }) => [
    workload.argv.join(' '),
    workload.prepare?.join(' ') ?? 'nothing to prepare',
    workload.server?.argv.join(' ') ?? 'no server',
    metricWords(headline(workload)),
    `${design.duration_s} s`,
    counted(design.threads === 'vcpus' ? vcpus : design.threads, 'thread'),
    counted(vcpus, 'CPU'),
  ])
  const [one = [], other = []] = shapes
  return one.flatMap((value, index) => {
    const now = other[index] ?? ''
    return value === now ? [] : [made('trial', subject, value, now)]
  })
}

function metricWords({ field, unit, better }: Metric): string {
  return `${field} in ${unit}, ${better} is better`
}

function made(property: Difference['property'], subject: string, left: string, right: string): Difference {
  return { property, essential: (essentials as readonly string[]).includes(property), subject, left, right }
}

/** Each difference once, with the subjects it is about: `kernel of node1: 6.1.0-41 → 6.1.0-42`. */
export function differenceLines(differences: readonly Difference[]): string[] {
  const groups = new Map<string, string[]>()
  for (const { property, subject, left, right } of differences) {
    const key = `${property} of %: ${left} → ${right}`
    const subjects = groups.get(key) ?? []
    if (!subjects.includes(subject)) groups.set(key, [...subjects, subject])
  }
  return [...groups].map(([text, subjects]) => text.replace('%', () => listed(subjects)))
}
