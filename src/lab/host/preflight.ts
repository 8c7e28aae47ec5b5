import type { Cpu } from '../../facts/cpu.ts'
import type { Firewall } from '../../facts/firewall.ts'
import type { Memory } from '../../facts/memory.ts'
import type { OsRelease } from '../../facts/os-release.ts'
import type { ServiceManager } from '../../facts/service-manager.ts'
import type { Virtualization } from '../../facts/virtualization.ts'
import type { OwnGuest } from '../own-guests.ts'
import type { Accelerator } from './accelerator.ts'
import { clockFindings } from './clock-findings.ts'
import { firewallFindings } from './firewall-findings.ts'
import {
  acceleratorFinding,
  containerFindings,
  osFinding,
  privilegeFindings,
  servicesFinding,
  virtualizationFinding,
} from './host-findings.ts'
import type { Privileges } from './privileges.ts'
import {
  cpuFindings,
  diskFindings,
  type HostDisks,
  imageDiskFindings,
  memoryFinding,
} from './room-findings.ts'

/** One thing that was looked at before anything is touched. An `error` means that the lab cannot work on this host. */
export interface Finding {
  readonly id:
    | 'os'
    | 'cpu'
    | 'privileges'
    | 'memory'
    | 'disk'
    | 'virtualization'
    | 'container'
    | 'services'
    | 'clock'
    | 'firewall'
    | 'accelerator'
  readonly level: 'ok' | 'warning' | 'error'
  readonly text: string
  /** What to do about it. */
  readonly hint?: string
}

/** What the lab will ask of this host, all guests together. */
export interface Need {
  readonly guests: readonly {
    readonly name: string
    readonly vcpus: number
    readonly memoryMb: number
    /** All its disks together. */
    readonly diskGb: number
    /** Its main disk does not share the image's blocks. */
    readonly copiesImage?: boolean
    /** The main disk, and that of the image which it is to hold. */
    readonly main?: { readonly diskGb: number; readonly image: string; readonly imageGb: number }
  }[]
  /** What does not fit is meant: it becomes a warning. */
  readonly overcommit?: boolean
  /** Room for the image, its making or its copying, MB; 0 when the store has it. */
  readonly imageMb: number
}

/** What the host says, as facts. */
export interface HostSituation {
  readonly os: OsRelease
  readonly cpu: Cpu
  readonly memory: Memory
  readonly disks: HostDisks
  readonly virtualization: Virtualization
  readonly services: ServiceManager
  readonly firewall: Firewall
  readonly privileges: Privileges
  readonly ownGuests: readonly OwnGuest[]
  /** How much later it is there than on the controller, seconds. */
  readonly clockAheadSeconds?: number
  /** Absent while it cannot be known: the probe needs QEMU and a kernel. */
  readonly accelerator?: Accelerator
}

/** Everything at once, in the order in which a person would look. Pure. */
export function preflight(host: HostSituation, need: Need): Finding[] {
  return [
    osFinding(host.os, host.cpu),
    ...privilegeFindings(host.privileges),
    ...cpuFindings(host.cpu, need),
    memoryFinding(host.memory, host.ownGuests, need),
    ...imageDiskFindings(need),
    ...diskFindings(host.disks, host.ownGuests, need),
    virtualizationFinding(host.virtualization, host.cpu),
    ...containerFindings(host.virtualization, host.privileges),
    servicesFinding(host.services),
    ...clockFindings(host.clockAheadSeconds),
    ...firewallFindings(host.firewall),
    acceleratorFinding(host.accelerator),
  ]
}
