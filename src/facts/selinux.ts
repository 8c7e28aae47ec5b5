import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'

/** Whether the kernel labels files: selinuxfs is mounted while SELinux is on, permissive or not. */
export const selinux = defineFact<[], { readonly isOn: boolean }>({
  name: 'selinux',
  command: () => sh`if [ -e /sys/fs/selinux/enforce ]; then echo on; fi`,
  parse: ({ stdout }) => ({ isOn: stdout.trim() === 'on' }),
})
