import type { GuestFiles } from '../guest-files.ts'
import { domainName, guestUuid } from '../identity.ts'
import { type GuestMetadata, guestMetadataXml } from './metadata.ts'
import { attribute, buildXml, child, children, textOf, type XmlElement } from './xml.ts'

export interface CloneSpec {
  /** Definition of the guest that is copied, as `virsh dumpxml --inactive` prints it. */
  readonly source: XmlElement
  readonly sourceFiles: GuestFiles
  readonly files: GuestFiles
  readonly metadata: GuestMetadata
  /** One for each interface, in order. */
  readonly macs: readonly string[]
}

/**
 * The definition of a clone: everything as in the source, but no identity. Its machine-id comes on the kernel's command
 * line, before anything in the guest reads the source's one from the disk; systemd stores it there (systemd(1)).
 */
export function cloneXml({ source, sourceFiles, files, metadata, macs }: CloneSpec): string {
  const { lab, guest } = metadata
  const uuid = guestUuid(lab, guest)
  const move = (path: string | undefined) => path?.replace(sourceFiles.folder, files.folder)
  const devices = child(source, 'devices') ?? {}
  return buildXml({
    domain: {
      ...source,
      name: domainName(lab, guest),
      uuid,
      title: `guest ${guest} of the hvlab lab ${lab}`,
      metadata: guestMetadataXml(metadata),
      os: withMachineId(withoutVariables(child(source, 'os') ?? {}), uuid.replaceAll('-', '')),
      devices: {
        ...devices,
        disk: children(devices, 'disk').map((disk) => withPath(disk, 'source', move)),
        interface: children(devices, 'interface').map((nic, index) => ({
          ...nic,
          mac: { '@address': macs[index] },
        })),
        serial: children(devices, 'serial').map((port) => withPath(port, 'log', move)),
        console: children(devices, 'console').map((port) => withPath(port, 'log', move)),
      },
    },
  })
}

/** The file of the firmware's variables is the original's; libvirt makes a new one from the template. */
function withoutVariables({ nvram: _own, ...os }: XmlElement): XmlElement {
  return os
}

function withMachineId(os: XmlElement, id: string): XmlElement {
  const cmdline = textOf(os, 'cmdline')
  if (cmdline === '') return os
  const others = cmdline.split(/\s+/).filter((word) => !word.startsWith('systemd.machine_id='))
  return { ...os, cmdline: [...others, `systemd.machine_id=${id}`].join(' ') }
}

function withPath(
  element: XmlElement,
  name: string,
  move: (path: string | undefined) => string | undefined,
): XmlElement {
  const inner = child(element, name)
  return inner ? { ...element, [name]: { ...inner, '@file': move(attribute(inner, 'file')) } } : element
}
