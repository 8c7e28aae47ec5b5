import { defineFact } from '../../facts/fact.ts'
import { virsh } from '../../lab/libvirt/virsh.ts'
import { attribute, child, children, parseXml, textOf, type XmlElement } from '../../lab/libvirt/xml.ts'
import { sh } from '../../util/sh.ts'

/** What a running domain is made of, as far as it decides how fast the guest is. */
export interface DomainShape {
  readonly accelerator: 'kvm' | 'tcg' | 'unknown'
  readonly machine: string | null
  readonly cpu: string | null
  readonly memory_mib: number | null
  readonly vcpus: number | null
  /** `vCPU 0: CPUs 2`, `emulator: CPUs 0-1`, `quota: …`; empty = the scheduler decides. */
  readonly pinning: string[]
  readonly disks: Record<string, string>[]
  readonly interfaces: Record<string, string>[]
  readonly huge_pages: boolean
  /** Null where it is QEMU's own memory. */
  readonly memory_source: string | null
  /** NUMA nodes of the host; null = any. */
  readonly memory_nodes: string | null
}

/** From the live XML, where libvirt fills in the machine's version and the CPU. Source: libvirt's formatdomain. */
export const domainShape = defineFact<[domain: string], DomainShape>({
  name: 'domain-shape',
  command: (domain) => sh`${virsh} dumpxml ${domain}`,
  parse({ stdout }) {
    const xml = parseXml(stdout, 'domain')
    const type = attribute(xml, 'type')
    const cpu = child(xml, 'cpu')
    return {
      accelerator: type === 'kvm' ? 'kvm' : type === 'qemu' ? 'tcg' : 'unknown',
      machine: attribute(child(xml, 'os', 'type'), 'machine') ?? null,
      cpu: textOf(cpu, 'model') || (attribute(cpu, 'mode') ?? null),
      // A live domain's memory is always in KiB.
      memory_mib: whole(Number(textOf(xml, 'memory')) / 1024),
      vcpus: whole(Number(textOf(xml, 'vcpu'))),
      pinning: pinning(child(xml, 'cputune')),
      disks: children(child(xml, 'devices'), 'disk').map(disk),
      interfaces: children(child(xml, 'devices'), 'interface').map(networkInterface),
      huge_pages: child(xml, 'memoryBacking', 'hugepages') !== undefined,
      memory_source: attribute(child(xml, 'memoryBacking', 'source'), 'type') ?? null,
      memory_nodes: attribute(child(xml, 'numatune', 'memory'), 'nodeset') ?? null,
    }
  },
})

function disk(element: XmlElement): Record<string, string> {
  const driver = child(element, 'driver')
  const target = child(element, 'target')
  return {
    device: attribute(target, 'dev') ?? 'unknown',
    bus: attribute(target, 'bus') ?? 'unknown',
    format: attribute(driver, 'type') ?? 'unknown',
    cache: attribute(driver, 'cache') ?? 'default',
    io: attribute(driver, 'io') ?? 'default',
    discard: attribute(driver, 'discard') ?? 'default',
    backed: child(element, 'backingStore', 'format') === undefined ? 'no' : 'yes',
    read_only: child(element, 'readonly') === undefined ? 'no' : 'yes',
  }
}

function networkInterface(element: XmlElement): Record<string, string> {
  const driver = child(element, 'driver')
  return {
    model: attribute(child(element, 'model'), 'type') ?? 'unknown',
    connection: attribute(element, 'type') ?? 'unknown',
    driver: attribute(driver, 'name') ?? 'default',
    queues: attribute(driver, 'queues') ?? '1',
  }
}

function pinning(tuning: XmlElement | undefined): string[] {
  return [
    ...children(tuning, 'vcpupin').map(
      (pin) => `vCPU ${attribute(pin, 'vcpu') ?? '?'}: CPUs ${attribute(pin, 'cpuset') ?? '?'}`,
    ),
    ...children(tuning, 'emulatorpin').map((pin) => `emulator: CPUs ${attribute(pin, 'cpuset') ?? '?'}`),
    ...['quota', 'global_quota'].flatMap((name) => {
      const value = textOf(tuning, name)
      return value === '' || value === '-1' ? [] : [`${name}: ${value} µs`]
    }),
  ]
}

const whole = (value: number): number | null => (value > 0 ? Math.floor(value) : null)
