import type { GuestFiles } from '../guest-files.ts'
import { type Hardware, memoryLimit, vcpuLimit } from '../hardware.ts'
import { domainName, guestUuid } from '../identity.ts'
import { devicesXml } from './domain-devices.ts'
import { type GuestMetadata, guestMetadataXml } from './metadata.ts'
import { buildXml, type XmlElement } from './xml.ts'

export interface DomainSpec {
  readonly metadata: GuestMetadata
  readonly hardware: Hardware
  /** `host-passthrough`, or a model that the accelerator can give. */
  readonly cpu: string
  readonly arch: 'x86_64'
  /** For firmware `direct`. */
  readonly boot: DirectBoot
  readonly files: GuestFiles
  /** Backing file of an overlay. */
  readonly base: string
}

/** Kernel and initrd outside the disk: no firmware, no boot loader. */
export interface DirectBoot {
  readonly kernel: string
  readonly initrd?: string
  readonly cmdline: string
}

/**
 * libvirt's XML for a guest: virtio everywhere, no graphics, no USB, and nothing that was not asked for; whatever a
 * benchmark need not boot is not there. Source: libvirt.org/formatdomain.html.
 */
export function domainXml(spec: DomainSpec): string {
  const { hardware } = spec
  const { lab, guest, accelerator } = spec.metadata
  const limits = { memory: memoryLimit(hardware), vcpus: vcpuLimit(hardware) }
  return buildXml({
    domain: {
      '@type': accelerator === 'kvm' ? 'kvm' : 'qemu',
      name: domainName(lab, guest),
      uuid: guestUuid(lab, guest),
      title: `guest ${guest} of the hvlab lab ${lab}`,
      metadata: guestMetadataXml(spec.metadata),
      memory: { '@unit': 'MiB', '#text': String(limits.memory) },
      ...(limits.memory === hardware.memoryMb
        ? {}
        : { currentMemory: { '@unit': 'MiB', '#text': String(hardware.memoryMb) } }),
      ...memoryBackingXml(hardware),
      vcpu: {
        '@placement': 'static',
        ...(limits.vcpus === hardware.vcpus ? {} : { '@current': String(hardware.vcpus) }),
        '#text': String(limits.vcpus),
      },
      ...placementXml(hardware),
      os: osXml(spec),
      features: { acpi: {}, apic: {} },
      cpu: cpuXml(spec.cpu, hardware),
      clock: { '@offset': 'utc' },
      on_poweroff: 'destroy',
      on_reboot: 'restart',
      on_crash: 'destroy',
      devices: devicesXml(spec),
    },
  })
}

function osXml({ arch, hardware, boot }: DomainSpec): XmlElement {
  const type = { '@arch': arch, '@machine': 'q35', '#text': 'hvm' }
  switch (hardware.firmware) {
    case 'direct': {
      const { kernel, initrd, cmdline } = boot
      return { type, kernel, ...(initrd === undefined ? {} : { initrd }), cmdline }
    }
    case 'bios':
      return { type, boot: { '@dev': 'hd' } }
    case 'uefi':
      // libvirt finds the firmware by the descriptions that its package brings. Without Secure Boot: a lab's kernels are not signed.
      return {
        '@firmware': 'efi',
        type,
        firmware: { feature: { '@enabled': 'no', '@name': 'secure-boot' } },
        boot: { '@dev': 'hd' },
      }
  }
}

function cpuXml(cpu: string, { topology }: Hardware): XmlElement {
  const shape = topology && {
    topology: {
      '@sockets': String(topology.sockets),
      '@cores': String(topology.cores),
      '@threads': String(topology.threads),
    },
  }
  if (cpu === 'host-passthrough' || cpu === 'host-model') return { '@mode': cpu, '@check': 'none', ...shape }
  const model = { '@fallback': 'forbid', '#text': cpu }
  return { '@mode': 'custom', '@match': 'exact', '@check': 'none', model, ...shape }
}

function memoryBackingXml({ hugepages }: Hardware): XmlElement {
  if (hugepages === undefined) return {}
  // The kernel's switch for transparent huge pages is the host's; shared memory has another, which is off by default.
  if (hugepages === 'never')
    return { memoryBacking: { source: { '@type': 'memfd' }, access: { '@mode': 'shared' } } }
  const page = hugepages === '2M' ? { '@size': '2', '@unit': 'M' } : { '@size': '1', '@unit': 'G' }
  return { memoryBacking: { hugepages: { page } } }
}

/** On which of the host's CPUs and NUMA nodes it runs. */
function placementXml({ pinning, numa }: Hardware): XmlElement {
  return {
    ...(pinning === undefined
      ? {}
      : {
          cputune: {
            vcpupin: pinning.vcpus.map((cpuset, vcpu) => ({ '@vcpu': String(vcpu), '@cpuset': cpuset })),
            ...(pinning.emulator === undefined ? {} : { emulatorpin: { '@cpuset': pinning.emulator } }),
          },
        }),
    ...(numa === undefined ? {} : { numatune: { memory: { '@mode': numa.mode, '@nodeset': numa.nodes } } }),
  }
}
