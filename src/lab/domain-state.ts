import { type GuestMetadata, readGuestMetadata } from './metadata.ts'
import { attribute, child, children, parseXml, textOf } from './xml.ts'

/** A domain as libvirt knows it. */
export interface DomainState {
  readonly name: string
  readonly uuid: string
  /** libvirt's words, e.g. `running (booted)`, `shut off (crashed)`. */
  readonly state: string
  readonly running: boolean
  /** Number of this start; another one after each start. Undefined while it does not run. */
  readonly startId?: string
  readonly macs: readonly string[]
  /** Names of the libvirt networks that it is plugged into. */
  readonly networks: readonly string[]
  /** Undefined: not hvlab's. */
  readonly metadata?: GuestMetadata
}

/** From `virsh domstate --reason` and `virsh dumpxml`, printed one after the other. */
export function parseDomainState(text: string): DomainState | undefined {
  const from = text.indexOf('<domain')
  const domain = from < 0 ? undefined : parseXml(text.slice(from), 'domain')
  if (!domain) return undefined
  const state = text.slice(0, from).trim()
  const startId = attribute(domain, 'id')
  const metadata = readGuestMetadata(domain)
  const interfaces = children(child(domain, 'devices'), 'interface')
  return {
    name: textOf(domain, 'name'),
    uuid: textOf(domain, 'uuid'),
    state,
    // Paused, blocked and the like count as running: the process exists and must be stopped before removal.
    running: state !== '' && !state.startsWith('shut off'),
    ...(startId === undefined ? {} : { startId }),
    macs: interfaces.map((nic) => attribute(child(nic, 'mac'), 'address') ?? ''),
    networks: interfaces.flatMap((nic) => attribute(child(nic, 'source'), 'network') ?? []),
    ...(metadata ? { metadata } : {}),
  }
}
