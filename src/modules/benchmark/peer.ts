import type { Subject } from '../../bench/record.ts'
import type { Workload } from '../../bench/workload-file.ts'
import type { Command } from '../../model/command.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'

/** The other end of a network workload: its address, how commands reach it, and what comes before them there. */
export interface Peer {
  readonly address: string
  readonly access: HostAccess
  readonly inside: Command
  /** Of its own, where that is not the folder of the benchmark: the server's process id and copied programs are there. */
  readonly folder?: string
  /** Inventory name of another hypervisor: nothing else is measured there meanwhile. */
  readonly host?: string
}

/** Finds the other end for a workload on a subject. */
export type Peers = (workload: Workload, subject: Subject) => Peer

export function networkFailure(message: string, details: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'benchmark-network',
    message,
    hint: 'Network workloads need iproute2 and root on the hypervisor; leave them out, or look at the details.',
    ...(details.trim() !== '' && { details: details.trim().slice(0, 4000) }),
  })
}
