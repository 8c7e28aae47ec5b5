import { sh } from '../../util/sh.ts'

/** The system's libvirt, in English so that answers can be read, without tables' headings. */
export const virsh = sh`LC_ALL=C virsh -q -c qemu:///system`

/** What went wrong, for a sentence: the first line that virsh printed, or what to say when it printed nothing. */
export function errorLine(output: string, otherwise = 'virsh said nothing'): string {
  return (output.trim().split('\n')[0] ?? '').replace(/^error: /, '') || otherwise
}
