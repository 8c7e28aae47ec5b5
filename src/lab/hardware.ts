/** What a guest's machine is made of: the part of a declaration that its domain's XML shows. */
export interface Hardware {
  readonly vcpus: number
  /** Processors that can be plugged in while it runs; default `vcpus`: none. */
  readonly vcpusMax?: number
  readonly topology?: Topology
  readonly memoryMb: number
  /** What memory can be raised to while it runs; more than `memoryMb` brings a balloon device. */
  readonly memoryMaxMb?: number
  /** Size of the pages that its memory is taken from; default: ordinary ones. */
  readonly hugepages?: HugepageSize
  readonly pinning?: Pinning
  readonly numa?: NumaPlacement
  readonly diskGb: number
  readonly disk: MainDisk
  /** Beside the main disk, in this order. */
  readonly disks: readonly ExtraDisk[]
  /** Where it has its address. */
  readonly network: string
  /** Further networks, one interface each. */
  readonly networks: readonly string[]
  readonly firmware: Firmware
  readonly tpm: boolean
  /** A channel for the QEMU guest agent. */
  readonly agent: boolean
}

/** `vcpusMax` must be their product. */
export interface Topology {
  readonly sockets: number
  readonly cores: number
  readonly threads: number
}

/** `never`: its memory is in no transparent huge pages either. */
export type HugepageSize = '2M' | '1G' | 'never'

/** Sets of host CPUs as libvirt writes them: `0-3,8`, `^2` takes one out. */
export interface Pinning {
  /** The first for vCPU 0, and so on. */
  readonly vcpus: readonly string[]
  /** For QEMU's other threads. */
  readonly emulator?: string
}

export interface NumaPlacement {
  /** Set of host nodes, as CPUs are written. */
  readonly nodes: string
  readonly mode: 'strict' | 'preferred' | 'interleave'
}

/** `direct`: QEMU gets the kernel itself, no firmware and no boot loader run. */
export type Firmware = 'direct' | 'bios' | 'uefi'

/** How QEMU treats a disk's file. What is left out is QEMU's choice. Source: libvirt.org/formatdomain.html, `<driver>`. */
export interface DiskTuning {
  readonly cache?: 'none' | 'writeback' | 'writethrough' | 'directsync' | 'unsafe'
  readonly io?: 'native' | 'threads' | 'io_uring'
  readonly discard: 'unmap' | 'ignore'
}

/** `overlay` holds what differs from the image; `full` is a qcow2 of its own, `raw` a plain file: for honest figures. */
export interface MainDisk extends DiskTuning {
  readonly mode: 'overlay' | 'full' | 'raw'
}

export interface ExtraDisk extends DiskTuning {
  /** Its file, and its serial number in the guest: /dev/disk/by-id/virtio-NAME. */
  readonly name: string
  readonly sizeGb: number
  readonly format: 'qcow2' | 'raw'
}

/** What a declaration that says nothing gets. */
export const plainDisk: MainDisk = { mode: 'overlay', discard: 'unmap' }

/** All networks, the one with the address first. */
export function networksOf(hardware: Pick<Hardware, 'network' | 'networks'>): string[] {
  return [hardware.network, ...hardware.networks]
}

/** Most processors that it can have without a restart. */
export function vcpuLimit(hardware: Pick<Hardware, 'vcpus' | 'vcpusMax'>): number {
  return Math.max(hardware.vcpus, hardware.vcpusMax ?? 0)
}

/** Most memory that it can have without a restart, MiB. */
export function memoryLimit(hardware: Pick<Hardware, 'memoryMb' | 'memoryMaxMb'>): number {
  return Math.max(hardware.memoryMb, hardware.memoryMaxMb ?? 0)
}
