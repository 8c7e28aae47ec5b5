import { defineFact } from '../facts/fact.ts'
import { sh } from '../util/sh.ts'
import { virsh } from './libvirt/virsh.ts'
import { attribute, child, children, parseXml, type XmlElement } from './libvirt/xml.ts'

/** A disk of a domain that is a file. */
export interface GuestDisk {
  /** Name in the domain, e.g. `vda`. */
  readonly target: string
  readonly file: string
  /** `qcow2` or `raw`. */
  readonly format: string
  readonly readOnly: boolean
  /** What the disk stands on; undefined when it stands alone. */
  readonly backing?: { readonly file: string; readonly format: string }
}

/** What libvirt will start the domain from next, whatever runs now. */
export interface GuestDefinition {
  readonly domain: XmlElement
  readonly disks: readonly GuestDisk[]
}

export const guestDefinition = defineFact<[uuid: string], GuestDefinition | undefined>({
  name: 'guest-definition',
  command: (uuid) => sh`${virsh} dumpxml --inactive --security-info ${uuid}`,
  parse({ stdout }) {
    const domain = parseXml(stdout, 'domain')
    return domain && { domain, disks: disksOf(domain) }
  },
})

function disksOf(domain: XmlElement): GuestDisk[] {
  return children(child(domain, 'devices'), 'disk').flatMap((disk) => {
    const file = attribute(child(disk, 'source'), 'file')
    if (file === undefined) return []
    const store = child(disk, 'backingStore')
    const below = attribute(child(store, 'source'), 'file')
    return [
      {
        target: attribute(child(disk, 'target'), 'dev') ?? '',
        file,
        format: attribute(child(disk, 'driver'), 'type') ?? 'raw',
        readOnly: child(disk, 'readonly') !== undefined,
        ...(below === undefined
          ? {}
          : { backing: { file: below, format: attribute(child(store, 'format'), 'type') ?? 'qcow2' } }),
      },
    ]
  })
}
