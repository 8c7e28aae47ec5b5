import { bootText } from '../bench/findings/boot-findings.ts'
import type { Environment, Tool } from '../bench/record.ts'
import { duration, figure } from '../bench/words.ts'
import { counted } from '../util/words.ts'

export interface MachineTable {
  readonly columns: readonly { readonly name: string; readonly kind: Environment['kind'] }[]
  readonly rows: readonly [name: string, values: string[]][]
}

/** The machines side by side. Guests that are alike in every row share a column. */
export function machineTable(environments: readonly Environment[]): MachineTable {
  const rows = environmentRows(environments)
  const groups = new Map<string, number[]>()
  for (const [index, { kind }] of environments.entries()) {
    const key = JSON.stringify([kind, ...rows.map(([, values]) => values[index])])
    groups.set(key, [...(groups.get(key) ?? []), index])
  }
  const nameOf = ({ subject, hypervisor, kind }: Environment): string =>
    kind === 'native' ? `${subject} (${hypervisor})` : subject
  return {
    columns: [...groups.values()].map((members) => ({
      name: members
        .flatMap((index) => environments[index] ?? [])
        .map(nameOf)
        .join(', '),
      kind: environments[members[0] ?? 0]?.kind ?? 'native',
    })),
    rows: rows.map(([name, values]) => [
      name,
      [...groups.values()].map(([first = 0]) => values[first] ?? '—'),
    ]),
  }
}

/** Name of a property, and its text for each environment in order. Rows that say nothing go. */
function environmentRows(environments: readonly Environment[]): [name: string, values: string[]][] {
  const toolNames = [...new Set(environments.flatMap(({ tools }) => tools.map(({ name }) => name)))]
  const rows: [string, (environment: Environment) => string][] = [
    ['System', ({ os }) => os],
    ['Kernel', ({ kernel }) => kernel],
    ['CPU', ({ cpu_model }) => cpu_model],
    [
      'CPUs',
      ({ cpus_online, cpus_used }) =>
        cpus_used === null ? String(cpus_online) : `${cpus_online}, used: ${cpus_used}`,
    ],
    ['Topology', ({ platform }) => (platform === null ? '' : topology(platform))],
    ['Microcode', ({ platform }) => platform?.microcode ?? ''],
    ['SMT', ({ platform }) => platform?.smt ?? ''],
    ['Frequency', frequency],
    ['Memory', ({ memory_mib }) => `${figure(memory_mib)} MiB`],
    ['Huge pages', hugePages],
    ['Mitigations', ({ platform }) => mitigations(platform?.mitigations ?? {})],
    ['Kernel command line', ({ platform }) => platform?.kernel_command_line ?? ''],
    ['Runs in', ({ virtualization }) => virtualization.join(' inside ') || 'bare metal'],
    ['Accelerator', ({ domain }) => (domain === null ? '' : accelerator(domain))],
    ['Virtual machine', ({ domain }) => (domain === null ? '' : machine(domain))],
    ['Disks', ({ domain }) => (domain?.disks ?? []).map(settings).join('; ')],
    ['Network cards', ({ domain }) => (domain?.interfaces ?? []).map(settings).join('; ')],
    ['Pinning', ({ domain }) => (domain === null ? '' : domain.pinning.join('; ') || 'none')],
    [
      'QEMU, libvirt',
      ({ hypervisor_software: software }) => [software?.qemu, software?.libvirt].filter(Boolean).join(', '),
    ],
    ['Boot', ({ boot }) => (boot === null ? '' : bootText(boot))],
    ['Start to login', ({ login_s }) => (login_s === null ? '' : duration(login_s))],
    ['Clock source', ({ clocksource, clocksources_available: others }) => offered(clocksource, others)],
    ...toolNames.map((name): [string, (environment: Environment) => string] => [
      toolNames.length === 1 ? 'Tool' : `Tool: ${name}`,
      (environment) => toolText(environment.tools.find((tool) => tool.name === name)),
    ]),
  ]
  return rows
    .map(([name, read]): [string, string[]] => [
      name,
      environments.map((environment) => read(environment) || '—'),
    ])
    .filter(([, values]) => values.some((value) => value !== '—'))
}

type Platform = NonNullable<Environment['platform']>
type Domain = NonNullable<Environment['domain']>

function topology({ sockets, cores_per_socket, threads_per_core, numa_nodes, l3_cache }: Platform): string {
  const parts = [
    counted(sockets, 'socket'),
    counted(cores_per_socket, 'core'),
    counted(threads_per_core, 'thread'),
  ]
  const nodes = numa_nodes === null ? [] : [counted(numa_nodes, 'NUMA node')]
  return [parts.join(' × '), ...nodes, ...(l3_cache === null ? [] : [`L3 ${l3_cache}`])].join(', ')
}

function frequency({ governor, platform }: Environment): string {
  const boost = platform?.boost ?? null
  return [
    governor === null ? '' : `governor ${governor}`,
    platform?.frequency_driver ?? '',
    boost === null ? '' : `boost ${boost ? 'on' : 'off'}`,
  ]
    .filter(Boolean)
    .join(', ')
}

function hugePages({ platform, domain }: Environment): string {
  const transparent = platform?.transparent_huge_pages ?? null
  return [
    transparent === null ? '' : `transparent: ${transparent}`,
    platform?.huge_pages ? `${platform.huge_pages} reserved` : '',
    domain?.huge_pages ? 'the guest’s memory is backed by huge pages' : '',
  ]
    .filter(Boolean)
    .join(', ')
}

/** What costs something or is open; `results.json` has every one in the kernel's words. */
function mitigations(all: Platform['mitigations']): string {
  const names = (wanted: RegExp): string[] =>
    Object.entries(all).flatMap(([name, what]) => (wanted.test(what) ? [name] : []))
  const [mitigated, open] = [names(/Mitigation/), names(/^(Vulnerable|Unknown)/)]
  return [
    mitigated.length === 0 ? '' : `on for ${mitigated.join(', ')}`,
    open.length === 0 ? '' : `open: ${open.join(', ')}`,
  ]
    .filter(Boolean)
    .join('; ')
}

function accelerator({ accelerator, reason }: Domain): string {
  const name = accelerator.toUpperCase()
  return reason === null ? name : `${name}: ${reason}`
}

function machine({ machine, cpu, vcpus, memory_mib }: Domain): string {
  return [
    machine,
    cpu,
    vcpus === null ? null : counted(vcpus, 'vCPU'),
    memory_mib === null ? null : `${figure(memory_mib)} MiB`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** `vda: virtio, qcow2, cache default, …`: values that speak for themselves, names before the rest. */
function settings(device: Readonly<Record<string, string>>): string {
  const bare = new Set(['bus', 'format', 'model', 'connection'])
  const { device: name, ...rest } = device
  const text = Object.entries(rest).map(([key, value]) =>
    bare.has(key) ? value : `${key.replaceAll('_', ' ')} ${value}`,
  )
  return `${name === undefined ? '' : `${name}: `}${text.join(', ')}`
}

/** `sysbench 1.0.20 (a1b2c3d4a1b2c3d4)`: the start of the binary's SHA-256 tells builds apart. */
function toolText(tool: Tool | undefined): string {
  if (tool === undefined) return ''
  const hash = tool.sha256 === null ? '' : ` (sha256 ${tool.sha256.slice(0, 16)})`
  return `${tool.name} ${tool.version}${hash}`
}

function offered(current: string, available: readonly string[]): string {
  const others = available.filter((source) => source !== current)
  return others.length === 0 ? current : `${current} (also ${others.join(', ')})`
}
