import { defineFact } from '../facts/fact.ts'
import { epochSeconds } from '../facts/text.ts'
import type { Failure } from '../model/failure.ts'
import { sh } from '../util/sh.ts'
import { errorLine, virsh } from './libvirt/virsh.ts'
import { attribute, buildXml, child, parseXml, textOf } from './libvirt/xml.ts'

/** A moment of a guest to which it can go back. It is kept inside the guest's own qcow2 disk. */
export interface Snapshot {
  readonly name: string
  readonly description: string
  /** ISO 8601, UTC. */
  readonly created: string
  /** Whether memory belongs to it: the guest then goes on from that moment, else it boots. */
  readonly memory: boolean
  /** Name of the one that it was made on, or null. */
  readonly parent: string | null
  /** The guest's disk goes on from this one. */
  readonly current: boolean
}

/** Snapshots of a domain by its UUID, oldest first. */
export const snapshots = defineFact<[uuid: string], readonly Snapshot[]>({
  name: 'snapshots',
  command: (uuid) =>
    sh`${virsh} snapshot-current --name ${uuid} 2>/dev/null; printf '%s\n' '<<names>>'; ${virsh} snapshot-list --name ${uuid} | while IFS= read -r name; do [ -z "$name" ] || ${virsh} snapshot-dumpxml ${uuid} --snapshotname "$name"; done`,
  parse({ stdout }) {
    const [current = '', documents = ''] = stdout.split('<<names>>', 2)
    return documents
      .split(/(?=<domainsnapshot>)/)
      .flatMap((text) => readSnapshot(text, current.trim()) ?? [])
      .sort((a, b) => (a.created < b.created ? -1 : 1))
  },
})

function readSnapshot(text: string, current: string): Snapshot | undefined {
  const snapshot = parseXml(text, 'domainsnapshot')
  if (!snapshot) return undefined
  const name = textOf(snapshot, 'name')
  const memory = attribute(child(snapshot, 'memory'), 'snapshot')
  return {
    name,
    description: textOf(snapshot, 'description'),
    created: new Date(1000 * epochSeconds(textOf(snapshot, 'creationTime'))).toISOString(),
    memory: memory === 'internal' || memory === 'external',
    parent: textOf(snapshot, 'parent', 'name') || null,
    current: name === current,
  }
}

/** libvirt's XML for a new one. Source: libvirt.org/formatsnapshot.html. */
export function snapshotXml(name: string, description: string): string {
  return buildXml({ domainsnapshot: { name, ...(description === '' ? {} : { description }) } })
}

/** Why libvirt did not make, load or delete a snapshot. */
export function snapshotFailure(doing: string, guest: string, host: string, output: string): Failure {
  const cause = causes.find(({ pattern }) => pattern.test(output))
  return {
    reason: 'module',
    code: 'snapshot-failed',
    message: `Could not ${doing} of guest ${guest} on ${host}: ${cause?.what ?? errorLine(output)}.`,
    hint: cause?.hint ?? `Read /var/log/libvirt/qemu on that host.`,
    details: output.trim(),
  }
}

const causes: readonly { readonly pattern: RegExp; readonly what: string; readonly hint: string }[] = [
  {
    pattern: /pflash|firmware/i,
    what: 'this libvirt cannot keep the variables of UEFI firmware in a snapshot',
    hint: 'Make the guest with BIOS firmware or with kernel and initrd, or clone it instead.',
  },
  {
    pattern: /unsupported for storage type|does not support snapshots|raw/i,
    what: 'one of its disks is not qcow2',
    hint: 'Only qcow2 disks can have snapshots; clone the guest instead.',
  },
  {
    pattern: /non-migratable|migration.*(disabled|blocked)|State blocked|invtsc/i,
    what: 'QEMU cannot save the memory of a guest with this CPU or these devices',
    hint: 'Stop the guest first: a snapshot of its disk alone needs no memory.',
  },
  {
    pattern: /No space left on device/i,
    what: 'the disk of the host is full',
    hint: 'A snapshot of a running guest needs room for its memory in /var/lib/hvlab.',
  },
  {
    pattern: /block job|job is active|another job/i,
    what: 'another operation on its disks or memory is under way',
    hint: 'Wait for it, and try again.',
  },
]
