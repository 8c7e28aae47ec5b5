import type { Environment, Tool } from '../bench/record.ts'
import { figure } from '../bench/words.ts'

/** The machines side by side: name of a property, and its text for each environment in order. Rows that say nothing go. */
export function environmentRows(environments: readonly Environment[]): [name: string, values: string[]][] {
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
    ['Memory', ({ memory_mib }) => `${figure(memory_mib)} MiB`],
    ['Frequency governor', ({ governor }) => governor ?? ''],
    ['Runs in', ({ virtualization }) => virtualization.join(' inside ') || 'bare metal'],
    ['Accelerator', ({ domain }) => (domain === null ? '' : domain.accelerator.toUpperCase())],
    ['Virtual machine', ({ domain }) => [domain?.machine, domain?.cpu].filter(Boolean).join(', ')],
    [
      'QEMU, libvirt',
      ({ hypervisor_software: software }) => [software?.qemu, software?.libvirt].filter(Boolean).join(', '),
    ],
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
