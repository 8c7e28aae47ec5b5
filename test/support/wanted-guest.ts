import type { WantedGuest } from '../../src/lab/guest-config.ts'
import { plainDisk } from '../../src/lab/hardware.ts'

/** The guest of the quick lab: what a declaration that says nothing gets. */
export const wantedGuest: WantedGuest = {
  lab: 'hvlab',
  name: 'guest1',
  image: 'debian-12',
  imageKey: 'a'.repeat(64),
  vcpus: 2,
  memoryMb: 2900,
  diskGb: 10,
  disk: plainDisk,
  disks: [],
  network: 'hvlab',
  networks: [],
  ports: [],
  firmware: 'direct',
  tpm: false,
  agent: true,
  accelerator: 'auto',
  authorizedKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII',
}
