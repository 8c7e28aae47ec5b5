import type { GuestFiles } from '../guest-files.ts'
import { type DiskTuning, type ExtraDisk, type Hardware, networksOf } from '../hardware.ts'
import { interfaceMac } from '../identity.ts'
import type { DomainSpec } from './domain-xml.ts'
import type { XmlElement } from './xml.ts'

/** The QEMU guest agent's name for its channel. */
export const agentChannel = 'org.qemu.guest_agent.0'

/** The devices of a guest. */
export function devicesXml(spec: DomainSpec): XmlElement {
  const { hardware, metadata, files } = spec
  return {
    disk: [
      mainDiskXml(spec),
      {
        // A disk, not a CD: Debian's cloud kernel has no SATA driver and would never see one.
        '@type': 'file',
        '@device': 'disk',
        driver: { '@name': 'qemu', '@type': 'raw' },
        source: { '@file': files.seed },
        target: { '@dev': 'vdb', '@bus': 'virtio' },
        readonly: {},
      },
      ...hardware.disks.map((disk, index) => extraDiskXml(disk, index, files)),
    ],
    controller: [{ '@type': 'usb', '@model': 'none' }, ...rootPorts(hardware)],
    interface: networksOf(hardware).map((network) =>
      interfaceXml(network, interfaceMac(metadata.lab, metadata.guest, network, hardware.network)),
    ),
    serial: {
      '@type': 'pty',
      log: { '@file': files.serialLog, '@append': 'on' },
      target: { '@port': '0' },
    },
    console: { '@type': 'pty', target: { '@type': 'serial', '@port': '0' } },
    ...(hardware.agent
      ? { channel: { '@type': 'unix', target: { '@type': 'virtio', '@name': agentChannel } } }
      : {}),
    ...(hardware.tpm
      ? { tpm: { '@model': 'tpm-crb', backend: { '@type': 'emulator', '@version': '2.0' } } }
      : {}),
    video: { model: { '@type': 'none' } },
    // Only where memory may be raised later: a balloon works while the guest does.
    memballoon: { '@model': hardware.memoryMaxMb === undefined ? 'none' : 'virtio' },
    rng: { '@model': 'virtio', backend: { '@model': 'random', '#text': '/dev/urandom' } },
  }
}

/** Empty slots in which devices can be plugged while it runs; libvirt leaves one by itself. */
const spareSlots = 4

/** On q35 every device that can be plugged sits behind a port of its own. libvirt fills these before it makes more. */
function rootPorts({ disks, networks, agent, memoryMaxMb }: Hardware): XmlElement[] {
  // Main disk, seed, main interface and RNG are always there.
  const devices = 4 + disks.length + networks.length + (agent ? 1 : 0) + (memoryMaxMb === undefined ? 0 : 1)
  const ports = Array.from({ length: devices + spareSlots }, (_, index) => pci('pcie-root-port', index + 1))
  return [pci('pcie-root', 0), ...ports]
}

function pci(model: string, index: number): XmlElement {
  return { '@type': 'pci', '@index': String(index), '@model': model }
}

function mainDiskXml({ hardware: { disk }, files, base }: DomainSpec): XmlElement {
  return {
    // type='file', never 'volume': AppArmor's helper cannot resolve volumes and QEMU is then refused its disk.
    '@type': 'file',
    '@device': 'disk',
    driver: driverXml(disk.mode === 'raw' ? 'raw' : 'qcow2', disk),
    source: { '@file': files.mainDisk(disk) },
    ...(disk.mode === 'overlay'
      ? {
          backingStore: {
            '@type': 'file',
            format: { '@type': 'qcow2' },
            source: { '@file': base },
            backingStore: {},
          },
        }
      : {}),
    target: { '@dev': 'vda', '@bus': 'virtio' },
  }
}

/** vda is the main disk and vdb the seed, so that neither ever changes its name. */
export function extraDiskXml(disk: ExtraDisk, index: number, files: GuestFiles): XmlElement {
  return {
    '@type': 'file',
    '@device': 'disk',
    driver: driverXml(disk.format, disk),
    source: { '@file': files.extraDisk(disk) },
    target: { '@dev': diskTarget(index), '@bus': 'virtio' },
    serial: disk.name,
  }
}

/** Name of an extra disk's device in libvirt. */
export function diskTarget(index: number): string {
  return `vd${'cdefghijklmnopqrstuvwxyz'[index] ?? ''}`
}

export function interfaceXml(network: string, mac: string): XmlElement {
  return {
    '@type': 'network',
    mac: { '@address': mac },
    source: { '@network': network },
    model: { '@type': 'virtio' },
  }
}

function driverXml(format: 'qcow2' | 'raw', { cache, io, discard }: DiskTuning): XmlElement {
  return {
    '@name': 'qemu',
    '@type': format,
    ...(cache === undefined ? {} : { '@cache': cache }),
    ...(io === undefined ? {} : { '@io': io }),
    '@discard': discard,
  }
}
