import { readConfig } from './guest-config.ts'
import { guestFiles } from './guest-files.ts'
import { domainName } from './identity.ts'
import { type DomainShape, shapeOf } from './libvirt/domain-shape.ts'
import type { DomainState } from './libvirt/domain-state.ts'
import { domainXml } from './libvirt/domain-xml.ts'
import type { GuestMetadata } from './libvirt/metadata.ts'
import { parseXml } from './libvirt/xml.ts'
import { hardwareIn } from './stored-hardware.ts'

/**
 * In what a guest's domain is no longer what hvlab declared, as sentences for people; empty when it is. Two kinds:
 * somebody changed the definition, or the definition differs from what runs until the next start. Pure.
 */
export function drift(domain: DomainState): string[] {
  const { metadata } = domain
  if (!metadata) return []
  const declared = declaredShape(metadata)
  if (!declared) return ['what was declared cannot be read from its metadata any more']
  return Object.entries(declared).flatMap(([name, wanted]) => {
    const defined = domain.defined[name] ?? ''
    const present = domain.present[name] ?? ''
    if (defined !== wanted) return [`${name}: declared ${wanted || 'none'}, defined ${defined || 'none'}`]
    if (present !== defined)
      return [`${name}: runs with ${present || 'none'} until its next start, then ${defined || 'none'}`]
    return []
  })
}

/** The shape that hvlab's own XML for the declaration has: there is one description of a domain, not two. */
function declaredShape(metadata: GuestMetadata): DomainShape | undefined {
  const config = readConfig(metadata.config)
  const hardware = hardwareIn(config)
  if (!hardware) return undefined
  const xml = domainXml({
    metadata,
    hardware,
    cpu: String(config['cpu']),
    arch: 'x86_64',
    boot: { kernel: '', cmdline: '' },
    files: guestFiles(domainName(metadata.lab, metadata.guest)),
    base: '',
  })
  const domain = parseXml(xml, 'domain')
  return domain && shapeOf(domain)
}
