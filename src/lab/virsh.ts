import { sh } from '../util/sh.ts'

/** The system's libvirt, in English so that answers can be read, without tables' headings. */
export const virsh = sh`LC_ALL=C virsh -q -c qemu:///system`
