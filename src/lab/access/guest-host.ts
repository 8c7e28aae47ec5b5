import type { Vars } from '../../model/value.ts'
import { domainName } from '../identity.ts'
import type { GuestMetadata } from '../libvirt/metadata.ts'

/** A guest as a host of the inventory. */
export interface GuestHost {
  readonly name: string
  readonly groups: readonly string[]
  readonly vars: Vars
}

export interface GuestHostOptions {
  readonly hypervisor: string
  /** Path of the private key on the controller. */
  readonly keyFile: string
  /** See `guestHostName`. */
  readonly hypervisors: number
  readonly groups?: readonly string[]
}

/** What the engine needs to connect: through the hypervisor, as the seed's user, with the host key from the metadata. */
export function guestHost(metadata: GuestMetadata, options: GuestHostOptions): GuestHost {
  return {
    name: guestHostName(metadata.guest, options.hypervisor, options.hypervisors),
    groups: options.groups ?? ['guests'],
    vars: {
      ansible_connection: 'ssh',
      ansible_host: metadata.address,
      ansible_port: 22,
      ansible_user: metadata.user,
      ansible_ssh_private_key_file: options.keyFile,
      // Seconds to the login: a key exchange is slow where every instruction is emulated.
      ansible_timeout: metadata.accelerator === 'tcg' ? 60 : 10,
      // What a user's ssh_config says about all hosts is not meant for a guest behind a hypervisor.
      ansible_ssh_common_args: '-F none',
      hvlab_via: options.hypervisor,
      hvlab_host_key: metadata.hostKey,
      hvlab_hypervisor: options.hypervisor,
      hvlab_lab: metadata.lab,
      hvlab_guest: metadata.guest,
      hvlab_domain: domainName(metadata.lab, metadata.guest),
      hvlab_image: metadata.image,
      hvlab_accelerator: { type: metadata.accelerator, reason: withoutTemplates(metadata.acceleratorReason) },
    },
  }
}

/**
 * A guest's name in the inventory: its own on a single hypervisor, `guest.hypervisor` where an inventory has several
 * machines, because each of them may have a guest of that name.
 */
export function guestHostName(guest: string, hypervisor: string, hypervisors: number): string {
  return hypervisors > 1 ? `${guest}.${hypervisor}` : guest
}

/** Machines that may have guests: the group hypervisors, or without one every host but guests and the implicit localhost. */
export function machineCount(hosts: readonly { readonly groups: readonly string[] }[]): number {
  const machines = hosts.filter(({ groups }) => groups.length > 0 && !groups.includes('guests'))
  const hypervisors = machines.filter(({ groups }) => groups.includes('hypervisors'))
  return (hypervisors.length > 0 ? hypervisors : machines).length
}

/** The reason is free text that comes back from a host: it must not be taken for a template. */
function withoutTemplates(text: string): string {
  return text.replace(/\{(?=[{%#])/g, '{ ')
}
