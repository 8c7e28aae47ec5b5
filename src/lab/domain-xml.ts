import type { GuestFiles } from './guest-files.ts'
import { domainName, guestMac, guestUuid } from './identity.ts'
import { type GuestMetadata, guestMetadataXml } from './metadata.ts'
import { buildXml, type XmlElement } from './xml.ts'

export interface DomainSpec {
  readonly metadata: GuestMetadata
  readonly vcpus: number
  readonly memoryMb: number
  /** `host-passthrough`, or a model that the accelerator can give. */
  readonly cpu: string
  readonly arch: 'x86_64'
  readonly boot: DirectBoot
  readonly files: GuestFiles
  /** Backing file of the overlay. */
  readonly base: string
}

/** Kernel and initrd outside the disk: no firmware, no boot loader. */
export interface DirectBoot {
  readonly kernel: string
  readonly initrd?: string
  readonly cmdline: string
}

/**
 * libvirt's XML for a guest: virtio everywhere, no graphics, no USB, no balloon; whatever a benchmark need not boot
 * is not there. Source: libvirt.org/formatdomain.html.
 */
export function domainXml(spec: DomainSpec): string {
  const { lab, guest, network, accelerator } = spec.metadata
  return buildXml({
    domain: {
      '@type': accelerator === 'kvm' ? 'kvm' : 'qemu',
      name: domainName(lab, guest),
      uuid: guestUuid(lab, guest),
      title: `guest ${guest} of the hvlab lab ${lab}`,
      metadata: guestMetadataXml(spec.metadata),
      memory: { '@unit': 'MiB', '#text': String(spec.memoryMb) },
      vcpu: { '@placement': 'static', '#text': String(spec.vcpus) },
      os: {
        type: { '@arch': spec.arch, '@machine': 'q35', '#text': 'hvm' },
        kernel: spec.boot.kernel,
        ...(spec.boot.initrd === undefined ? {} : { initrd: spec.boot.initrd }),
        cmdline: spec.boot.cmdline,
      },
      features: { acpi: {}, apic: {} },
      cpu: cpuXml(spec.cpu),
      clock: { '@offset': 'utc' },
      on_poweroff: 'destroy',
      on_reboot: 'restart',
      on_crash: 'destroy',
      devices: devicesXml(spec, network, guestMac(lab, guest)),
    },
  })
}

function cpuXml(cpu: string): XmlElement {
  if (cpu === 'host-passthrough' || cpu === 'host-model') return { '@mode': cpu, '@check': 'none' }
  const model = { '@fallback': 'forbid', '#text': cpu }
  return { '@mode': 'custom', '@match': 'exact', '@check': 'none', model }
}

function devicesXml(spec: DomainSpec, network: string, mac: string): XmlElement {
  return {
    disk: [
      {
        // type='file', never 'volume': AppArmor's helper cannot resolve volumes and QEMU is then refused its disk.
        '@type': 'file',
        '@device': 'disk',
        driver: { '@name': 'qemu', '@type': 'qcow2', '@discard': 'unmap' },
        source: { '@file': spec.files.disk },
        backingStore: {
          '@type': 'file',
          format: { '@type': 'qcow2' },
          source: { '@file': spec.base },
          backingStore: {},
        },
        target: { '@dev': 'vda', '@bus': 'virtio' },
      },
      {
        // A disk, not a CD: Debian's cloud kernel has no SATA driver and would never see one.
        '@type': 'file',
        '@device': 'disk',
        driver: { '@name': 'qemu', '@type': 'raw' },
        source: { '@file': spec.files.seed },
        target: { '@dev': 'vdb', '@bus': 'virtio' },
        readonly: {},
      },
    ],
    controller: { '@type': 'usb', '@model': 'none' },
    interface: {
      '@type': 'network',
      mac: { '@address': mac },
      source: { '@network': network },
      model: { '@type': 'virtio' },
    },
    serial: {
      '@type': 'pty',
      log: { '@file': spec.files.serialLog, '@append': 'on' },
      target: { '@port': '0' },
    },
    console: { '@type': 'pty', target: { '@type': 'serial', '@port': '0' } },
    video: { model: { '@type': 'none' } },
    memballoon: { '@model': 'none' },
    rng: { '@model': 'virtio', backend: { '@model': 'random', '#text': '/dev/urandom' } },
  }
}
