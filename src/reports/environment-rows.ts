import type { Environment } from '../bench/record.ts'
import { figure } from '../bench/words.ts'

/** The machines side by side: name of a property, and its text for each environment in order. Rows that say nothing go. */
export function environmentRows(environments: readonly Environment[]): [name: string, values: string[]][] {
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
    ['Tool', ({ tool }) => `${tool.name} ${tool.version}`],
    ['Tool, sha256', ({ tool }) => tool.sha256?.slice(0, 16) ?? ''],
  ]
  return rows
    .map(([name, read]): [string, string[]] => [
      name,
      environments.map((environment) => read(environment) || '—'),
    ])
    .filter(([, values]) => values.some((value) => value !== '—'))
}

function offered(current: string, available: readonly string[]): string {
  const others = available.filter((source) => source !== current)
  return others.length === 0 ? current : `${current} (also ${others.join(', ')})`
}
