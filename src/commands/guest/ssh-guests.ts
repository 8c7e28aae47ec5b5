import type { SshGuest } from '../../lab/access/ssh-config.ts'
import type { LabGuest } from '../lab-answer.ts'

/** Guests for OpenSSH, with every name that means one guest only. */
export function sshGuests(guests: readonly LabGuest[]): SshGuest[] {
  const all = guests.flatMap(namesOf)
  return guests.map((guest) => ({
    names: namesOf(guest).filter(
      (name) => name === guest.host || all.indexOf(name) === all.lastIndexOf(name),
    ),
    address: guest.address,
    user: guest.user,
    keyFile: guest.key_file,
    hostKey: guest.host_key,
    hypervisor: guest.hypervisor,
    reach: guest.reach,
  }))
}

function namesOf({ host, name, domain }: LabGuest): string[] {
  return [...new Set([host, name, domain])]
}
