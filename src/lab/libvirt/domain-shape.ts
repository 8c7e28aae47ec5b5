import { basename } from 'node:path'
import { agentChannel } from './domain-devices.ts'
import { attribute, child, children, textOf, type XmlElement } from './xml.ts'

/**
 * What a domain's XML says of the things that a declaration decides, under the names of libvirt_guest's parameters and
 * as words, so that two can be compared line by line.
 */
export type DomainShape = Readonly<Record<string, string>>

/** Reads a `<domain>`, hvlab's own or what libvirt made of it. What libvirt adds by itself does not count. */
export function shapeOf(domain: XmlElement): DomainShape {
  const devices = child(domain, 'devices')
  const memory = mebibytes(child(domain, 'memory'))
  const vcpus = textOf(domain, 'vcpu')
  const topology = child(domain, 'cpu', 'topology')
  return {
    accelerator: attribute(domain, 'type') === 'kvm' ? 'kvm' : 'tcg',
    vcpus: attribute(child(domain, 'vcpu'), 'current') ?? vcpus,
    vcpus_max: vcpus,
    topology: topology
      ? ['sockets', 'cores', 'threads'].map((part) => attribute(topology, part)).join(':')
      : 'none',
    memory_mb: mebibytes(child(domain, 'currentMemory')) || memory,
    memory_max_mb: memory,
    hugepages: hugepages(child(domain, 'memoryBacking')),
    cpu: cpuOf(child(domain, 'cpu')),
    pinning: pinning(child(domain, 'cputune')),
    numa: numa(child(domain, 'numatune', 'memory')),
    firmware: firmware(child(domain, 'os')),
    disks: children(devices, 'disk').map(diskWords).join(', '),
    networks: children(devices, 'interface').map(interfaceWords).join(', '),
    tpm: devices?.['tpm'] === undefined ? 'no' : 'yes',
    agent: agentState(devices) === undefined ? 'no' : 'yes',
  }
}

/** `connected` or `disconnected`, as QEMU sees the guest agent; undefined without a channel. */
export function agentState(devices: XmlElement | undefined): string | undefined {
  const channel = children(devices, 'channel')
    .map((each) => child(each, 'target'))
    .find((target) => attribute(target, 'name') === agentChannel)
  return channel && (attribute(channel, 'state') ?? 'disconnected')
}

/** libvirt writes KiB, whatever was given. */
function mebibytes(element: XmlElement | undefined): string {
  const factors: Readonly<Record<string, number>> = {
    KiB: 1024,
    MiB: 1024 ** 2,
    GiB: 1024 ** 3,
    b: 1,
    bytes: 1,
  }
  const size =
    Number(element?.['#text'] ?? Number.NaN) * (factors[attribute(element, 'unit') ?? 'KiB'] ?? Number.NaN)
  return Number.isNaN(size) ? '' : String(Math.round(size / 1024 ** 2))
}

function hugepages(backing: XmlElement | undefined): string {
  const pages = child(backing, 'hugepages')
  if (!pages) return attribute(child(backing, 'source'), 'type') === 'memfd' ? 'never' : 'no'
  const page = child(pages, 'page')
  const size = mebibytes(
    page && { '@unit': unitOf(attribute(page, 'unit')), '#text': attribute(page, 'size') ?? '' },
  )
  return size === '1024' ? '1G' : size === '' ? 'yes' : `${size}M`
}

/** libvirt's short units count in 1024 too. */
function unitOf(unit: string | undefined): string {
  return ({ K: 'KiB', M: 'MiB', G: 'GiB' } as Readonly<Record<string, string>>)[unit ?? ''] ?? unit ?? 'KiB'
}

function cpuOf(cpu: XmlElement | undefined): string {
  const mode = attribute(cpu, 'mode') ?? 'custom'
  return mode === 'custom' ? textOf(cpu, 'model') || 'none' : mode
}

function pinning(tune: XmlElement | undefined): string {
  const pins = children(tune, 'vcpupin').map((pin) => `${attribute(pin, 'vcpu')}:${attribute(pin, 'cpuset')}`)
  const emulator = attribute(child(tune, 'emulatorpin'), 'cpuset')
  return [...pins, ...(emulator === undefined ? [] : [`emulator:${emulator}`])].join(' ') || 'none'
}

function numa(memory: XmlElement | undefined): string {
  return memory ? `${attribute(memory, 'mode')} ${attribute(memory, 'nodeset')}` : 'none'
}

function firmware(os: XmlElement | undefined): string {
  if (os?.['kernel'] !== undefined) return 'direct'
  const loader = attribute(child(os, 'loader'), 'type')
  return attribute(os, 'firmware') === 'efi' || loader === 'pflash' ? 'uefi' : 'bios'
}

/** `vda=disk.qcow2 cache=none`: the file's name, and how QEMU treats it where that was said. */
function diskWords(disk: XmlElement): string {
  const driver = child(disk, 'driver')
  const options = ['cache', 'io', 'discard'].flatMap((name) => {
    const value = attribute(driver, name)
    return value === undefined ? [] : [`${name}=${value}`]
  })
  const source = attribute(child(disk, 'source'), 'file') ?? 'nothing'
  return [`${attribute(child(disk, 'target'), 'dev')}=${basename(source)}`, ...options].join(' ')
}

function interfaceWords(nic: XmlElement): string {
  const source = child(nic, 'source')
  return (
    attribute(source, 'network') ??
    `${attribute(nic, 'type')} ${attribute(source, 'bridge') ?? attribute(source, 'dev') ?? ''}`.trim()
  )
}
