import { agentState, type DomainShape, shapeOf } from './domain-shape.ts'
import { type GuestMetadata, readGuestMetadata } from './metadata.ts'
import { attribute, child, children, parseXml, textOf, type XmlElement } from './xml.ts'

/** A domain as libvirt knows it. */
export interface DomainState {
  readonly name: string
  readonly uuid: string
  /** libvirt's words, e.g. `running (booted)`, `shut off (crashed)`. */
  readonly state: string
  readonly running: boolean
  /** Suspended: it exists and stands still. */
  readonly paused: boolean
  /** Number of this start; another one after each start. Undefined while it does not run. */
  readonly startId?: string
  readonly interfaces: readonly Interface[]
  /** What the next start gives it. */
  readonly defined: DomainShape
  /** What it has now; the same as `defined` when it does not run. */
  readonly present: DomainShape
  /** `connected` when a guest agent answers in it; undefined without a channel, or while it does not run. */
  readonly agent?: string
  /** Undefined: not hvlab's. */
  readonly metadata?: GuestMetadata
  /** Fields of hvlab's metadata that somebody changed: a guest of hvlab's that it does not know any more. */
  readonly damaged?: readonly string[]
}

export interface Interface {
  readonly mac: string
  /** Name of the libvirt network that it is plugged into; undefined for other kinds. */
  readonly network?: string
}

/** From `virsh domstate --reason`, `virsh dumpxml` and, when that differs, `virsh dumpxml --inactive`. */
export function parseDomainState(text: string): DomainState | undefined {
  const from = text.indexOf('<domain')
  const [now, next] = documents(text)
  if (!now) return undefined
  const state = text.slice(0, from).trim()
  const startId = attribute(now, 'id')
  const agent = startId === undefined ? undefined : agentState(child(now, 'devices'))
  return {
    name: textOf(now, 'name'),
    uuid: textOf(now, 'uuid'),
    state,
    // Paused, blocked and the like count as running: the process exists and must be stopped before removal.
    running: state !== '' && !state.startsWith('shut off'),
    paused: state.startsWith('paused'),
    ...(startId === undefined ? {} : { startId }),
    interfaces: interfacesOf([now, ...(next ? [next] : [])]),
    defined: shapeOf(next ?? now),
    present: shapeOf(now),
    ...(agent === undefined ? {} : { agent }),
    ...readGuestMetadata(now),
  }
}

/** Whether a domain is plugged into a network, or will be. */
export function uses(domain: Pick<DomainState, 'interfaces'>, network: string): boolean {
  return domain.interfaces.some((nic) => nic.network === network)
}

/** Stands between the two definitions. */
export const inactiveMark = '<<inactive>>'

function documents(text: string): XmlElement[] {
  return text.split(inactiveMark).flatMap((part) => {
    const from = part.indexOf('<domain')
    const domain = from < 0 ? undefined : parseXml(part.slice(from), 'domain')
    return domain ? [domain] : []
  })
}

/** Of both definitions, each MAC once. */
function interfacesOf(domains: readonly XmlElement[]): Interface[] {
  const all = domains.flatMap((domain) =>
    children(child(domain, 'devices'), 'interface').map((nic): Interface => {
      const network = attribute(child(nic, 'source'), 'network')
      return {
        mac: attribute(child(nic, 'mac'), 'address') ?? '',
        ...(network === undefined ? {} : { network }),
      }
    }),
  )
  return [...new Map(all.map((nic) => [nic.mac, nic])).values()]
}
