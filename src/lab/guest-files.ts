import type { ExtraDisk, MainDisk } from './hardware.ts'

/** Where a guest's files lie on its hypervisor. The endings are ones that libvirt's AppArmor helper may read. */
export interface GuestFiles {
  readonly folder: string
  readonly seed: string
  readonly serialLog: string
  /**
   * `ID SECONDS`: the domain's start in which a login worked, and how long after `virsh start`. Only `ID` where that was not
   * seen, with `- ` in front after a change of what runs; see `start-guests.ts`.
   */
  readonly ready: string
  mainDisk(disk: Pick<MainDisk, 'mode'>): string
  extraDisk(disk: Pick<ExtraDisk, 'name' | 'format'>): string
}

/** Everything below is hvlab's own; `down` removes it. */
export const stateFolder = '/var/lib/hvlab'
export const guestsFolder = `${stateFolder}/guests`

/** @param domain name of the libvirt domain */
export function guestFiles(domain: string): GuestFiles {
  const folder = `${guestsFolder}/${domain}`
  return {
    folder,
    seed: `${folder}/seed.iso`,
    serialLog: `${folder}/serial.log`,
    ready: `${folder}/ready`,
    mainDisk: ({ mode }) => `${folder}/disk.${mode === 'raw' ? 'img' : 'qcow2'}`,
    extraDisk: ({ name, format }) => `${folder}/disk-${name}.${format === 'raw' ? 'img' : 'qcow2'}`,
  }
}
