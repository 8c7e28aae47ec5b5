import type { Crowd } from '../../../src/bench/crowd-record.ts'
import { seededRandom } from '../../../src/bench/random.ts'
import { type Design, type Environment, nothingRecorded, type Sample } from '../../../src/bench/record.ts'
import type { RecordedRun } from '../../../src/bench/recorded-run.ts'
import { trialOrder } from '../../../src/bench/trial-order.ts'
import { headline, type Workload } from '../../../src/bench/workload-file.ts'
import { workloadRun } from '../../../src/bench/workload-run.ts'
import type { Event } from '../../../src/model/event.ts'
import { plainData } from '../../../src/util/json.ts'
import { pair } from '../../support/pair.ts'
import { quietNoise } from '../../support/quiet-noise.ts'

/** Rates of a quiet machine and of a TCG guest that reads its time from an emulated HPET. */
const medians: Readonly<Record<string, readonly [native: number, guest: number]>> = {
  cpu: [4380, 430],
  'memory-1k': [6700, 157],
  'memory-1m': [25_400, 3870],
}

export const workloads: Workload[] = [
  {
    id: 'cpu',
    title: 'Computing primes',
    tool: 'sysbench',
    parser: 'sysbench-cpu',
    argv: ['sysbench', 'cpu', '--threads={threads}', '--time={duration_s}', 'run'],
    metrics: [{ field: 'events_per_s', title: 'events', unit: 'events/s', better: 'higher' }],
  },
  ...(['1K', '1M'] as const).map(
    (size): Workload => ({
      id: `memory-${size.toLowerCase()}`,
      title: `${size === '1K' ? '1 KiB' : '1 MiB'} memory writes`,
      tool: 'sysbench',
      parser: 'sysbench-memory',
      argv: [
        'sysbench',
        'memory',
        `--memory-block-size=${size}`,
        '--threads={threads}',
        '--time={duration_s}',
        'run',
      ],
      block_bytes: size === '1K' ? 1024 : 1024 * 1024,
      clock_reads_per_operation: 2,
      metrics: [{ field: 'mib_per_s', title: 'bandwidth', unit: 'MiB/s', better: 'higher' }],
    }),
  ),
]

export interface JournalOptions {
  /** Instead of `workloads`; of those that are not known, both sides do 1 a second. */
  readonly workloads?: readonly Workload[]
  readonly hypervisor?: string
  readonly guests?: readonly string[]
  readonly blocks?: number
  readonly os?: string
  readonly clocksource?: string
  readonly kernel?: string
  /** Seeds the figures, not the order of trials. */
  readonly seed?: number
  /** Guests' rates are multiplied by this. */
  readonly level?: number
  /** Relative standard deviations: of a trial around its run, of a whole run around the truth. Instead of the even 2 %. */
  readonly spread?: { readonly trials: number; readonly runs: number }
  /** With rounds of all guests at once, in which each takes this many times as long as alone. */
  readonly crowded?: number
  /** The same for one guest, and the clock that it reads. */
  readonly levels?: Readonly<Record<string, number>>
  readonly clocks?: Readonly<Record<string, string>>
  /** What a guest's domain has that the others' do not, by guest. */
  readonly placed?: Readonly<Record<string, Partial<Environment['domain']>>>
}

/** The events that a run with one benchmark leaves in its journal; figures vary by up to 2 % around the medians. */
export function recordedEvents(options: JournalOptions = {}): Event[] {
  const {
    hypervisor = 'node-1',
    guests = ['debian-1'],
    blocks = 4,
    os = 'Debian GNU/Linux 12 (bookworm)',
    workloads: own = workloads,
  } = options
  const time = '2026-11-23T15:05:00.000Z'
  const design: Design = {
    hypervisor,
    profile: 'quick',
    workloads: [...own],
    subjects: pair({ guests, memory_mib: 2900 }),
    blocks,
    memory_limit_by: 'systemd-scope',
    precision_percent: null,
    budget_s: null,
    most_repeats: 6,
    duration_s: 3,
    threads: 1,
    seed: 20261123,
  }
  const random = seededRandom(options.seed ?? 1)
  const variation = variationOf(options, random)
  const recorded = (channel: string, data: unknown): Event => ({
    time,
    kind: 'recorded',
    stage: 'benchmark',
    host: hypervisor,
    channel,
    data: plainData(data),
  })
  const trials = [
    recorded('benchmark', design),
    ...design.subjects.map(({ id }) => recorded('environment', environment(options, hypervisor, id, os))),
    ...trialOrder({
      subjects: design.subjects.map(({ id }) => id),
      workloads: own.map(({ id }) => id),
      blocks,
      seed: design.seed,
    }).map((trial): Event => {
      const workload = own.find(({ id }) => id === trial.workload)
      if (workload === undefined) throw new Error(trial.workload)
      const native = trial.subject === 'native'
      const level = native ? 1 : (options.levels?.[trial.subject] ?? options.level ?? 1)
      const value = (medians[workload.id]?.[native ? 0 : 1] ?? 1) * level * variation(trial)
      const threads = 1
      const pressure = trial.order === 9 ? 1.1 : 0.01
      const noise = { ...quietNoise, psi_cpu_s: pressure }
      const sample: Sample = {
        hypervisor,
        subject: trial.subject,
        kind: native ? 'native' : 'guest',
        workload: workload.id,
        block: trial.block,
        order: trial.order,
        attempt: 1,
        warm_up: trial.warmUp,
        seed: design.seed,
        started_at: time,
        argv: [...workloadRun(workload, { threads, durationS: 3, scratch: '/scratch', trial: 1 }).argv],
        threads,
        duration_s: 3,
        cpus: native ? [0, 1] : null,
        memory_limit_mib: native ? 2900 : null,
        tool_version: '1.0.20',
        metrics: { [headline(workload).field]: Number(value.toFixed(2)) },
        clocksource: native ? 'tsc' : (options.clocks?.[trial.subject] ?? options.clocksource ?? 'hpet'),
        observed_s: 3.2,
        cpu_s: 2.99,
        host_cpu_s: native ? 2.99 : 3.2,
        clock_drift: native ? 0.0001 : 0.0012,
        clock_drift_uncertainty: 0.006667,
        noise: native ? noise : { ...noise, psi_cpu_s: 0 },
        hypervisor_noise: native ? null : noise,
        qemu: native
          ? null
          : {
              cpu_s: 3.2,
              waited_s: 0.02,
              context_switches_voluntary: 2000,
              context_switches_forced: 30,
              throttled_s: 0,
            },
        flags: trial.order === 9 ? ['host-cpu-pressure'] : [],
        raw: 'CPU speed: …',
      }
      return recorded('sample', sample)
    }),
  ]
  return options.crowded === undefined
    ? trials
    : [...trials, ...crowds(trials, guests, options.crowded).map((crowd) => recorded('crowd', crowd))]
}

/** A round of all guests for each block and workload, made of their trials alone. */
function crowds(trials: readonly Event[], guests: readonly string[], slower: number): Crowd[] {
  const samples = trials.flatMap((event) =>
    event.kind === 'recorded' && event.channel === 'sample' ? [event.data as unknown as Sample] : [],
  )
  const alone = samples.filter(({ kind, warm_up }) => kind === 'guest' && !warm_up)
  return workloads.flatMap((workload) =>
    [...new Set(alone.map(({ block }) => block))].flatMap((block): Crowd[] => {
      const own = alone.filter((sample) => sample.workload === workload.id && sample.block === block)
      const [first] = own
      if (first === undefined) return []
      const { field } = headline(workload)
      return [
        {
          hypervisor: first.hypervisor,
          scenario: 'contention',
          workload: workload.id,
          block,
          measured: [...guests],
          skew_s: 0.05,
          samples: own.map((sample) => ({
            ...sample,
            metrics: { [field]: (sample.metrics[field] ?? 0) / slower },
          })),
        },
      ]
    }),
  )
}

/** The factor of a trial: even within 2 %, or log-normal around its run's own level for each subject and workload. */
function variationOf(
  { spread }: JournalOptions,
  random: () => number,
): (trial: { subject: string; workload: string }) => number {
  if (spread === undefined) return () => 0.98 + 0.04 * random()
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const moods = new Map<string, number>()
  return ({ subject, workload }) => {
    const key = `${subject} ${workload}`
    const mood = moods.get(key) ?? spread.runs * normal()
    moods.set(key, mood)
    return Math.exp(mood + spread.trials * normal())
  }
}

function environment(
  { clocksource = 'hpet', kernel = 'Linux 6.1.0-42-amd64', placed }: JournalOptions,
  hypervisor: string,
  subject: string,
  os: string,
): Environment {
  const native = subject === 'native'
  return {
    hypervisor,
    subject,
    kind: native ? 'native' : 'guest',
    os,
    kernel: native ? kernel : 'Linux 6.1.0-42-cloud-amd64',
    cpu_model: native ? 'AMD EPYC 7B13' : 'Intel Core i7 9xx (Nehalem Class Core i7)',
    cpus_online: 2,
    cpus_used: native ? '0,1' : null,
    memory_mib: native ? 7951 : 2807,
    governor: native ? 'performance' : null,
    platform: {
      sockets: 1,
      cores_per_socket: 2,
      threads_per_core: 1,
      numa_nodes: 1,
      l3_cache: '32768K',
      microcode: native ? '0xa0011d5' : '0x1',
      smt: native ? 'off' : 'notsupported',
      frequency_driver: native ? 'acpi-cpufreq' : null,
      boost: native ? true : null,
      transparent_huge_pages: native ? 'madvise' : 'always',
      huge_pages: 0,
      mitigations: {
        meltdown: native ? 'Not affected' : 'Mitigation: PTI',
        spec_store_bypass: 'Vulnerable',
        spectre_v2: 'Mitigation: Retpolines; STIBP: disabled; RSB filling',
      },
      kernel_command_line: native ? 'root=/dev/sda1 ro quiet' : 'root=/dev/vda rw console=ttyS0,115200 quiet',
    },
    virtualization: native ? ['kvm'] : ['qemu'],
    boot: native
      ? null
      : { firmware_s: null, loader_s: null, kernel_s: 3.1, initrd_s: null, userspace_s: 20 },
    login_s: native ? null : 31.4,
    clocksource: native ? 'tsc' : clocksource,
    clocksources_available: native ? ['tsc', 'acpi_pm'] : [clocksource, 'acpi_pm'],
    tools: [{ name: 'sysbench', version: '1.0.20', path: '/usr/bin/sysbench', sha256: 'a1b2c3d4'.repeat(8) }],
    domain: native
      ? null
      : {
          name: `hvlab-${subject}`,
          accelerator: 'tcg',
          reason: '/dev/kvm opens but KVM does not work: a Linux kernel printed nothing in 20 s',
          image: { name: 'debian-12', key: '0f1e2d3c4b5a6978', sha256: 'c0ffee12'.repeat(8) },
          machine: 'pc-q35-7.2',
          cpu: 'Nehalem',
          memory_mib: 2900,
          vcpus: 2,
          pinning: [],
          disks: [
            {
              device: 'vda',
              bus: 'virtio',
              format: 'qcow2',
              cache: 'default',
              io: 'default',
              discard: 'unmap',
              backed: 'yes',
              read_only: 'no',
            },
          ],
          interfaces: [{ model: 'virtio', connection: 'network', driver: 'default', queues: '1' }],
          huge_pages: false,
          memory_source: null,
          memory_nodes: null,
          ...placed?.[subject],
        },
    hypervisor_software: native ? { qemu: '7.2.22', libvirt: '9.0.0' } : null,
  }
}

/** A whole journal: start, what was recorded, end. */
export function journal(
  records: readonly Event[],
  runId = '20261123-150500-quick',
  time = '2026-11-23T15:05:00.000Z',
): string {
  const started: Event = {
    time,
    kind: 'run.started',
    runId,
    pipeline: 'quick',
    file: '/lab/pipelines/quick.yml',
    version: '0.1.0',
    fingerprint: 'f'.repeat(64),
    check: false,
    command: 'hvlab up quick -e benchmark_blocks=4',
    inventory: { sources: ['/lab/inventory/local.yml'], hosts: ['node-1'] },
    stages: [{ name: 'benchmark', needs: [], hosts: ['node-1'] }],
  }
  return `${[started, ...records].map((event) => JSON.stringify(event)).join('\n')}\n`
}

/** The same, as it is read back. */
export function recordedRun(runId: string, events: ReturnType<typeof recordedEvents>): RecordedRun {
  const data = <T>(channel: string): T[] =>
    events.flatMap((event) =>
      event.kind === 'recorded' && event.channel === channel ? [event.data as T] : [],
    )
  const [design] = data<Design>('benchmark')
  if (design === undefined) throw new Error('no design')
  return {
    runId,
    pipeline: 'quick',
    file: 'quick.yml',
    version: '0.1.0',
    startedAt: '2026-11-26T00:00:00.000Z',
    command: null,
    inventory: null,
    benchmarks: [
      {
        ...nothingRecorded,
        design,
        environments: data<Environment>('environment'),
        samples: data<Sample>('sample'),
      },
    ],
  }
}
