import type { Failure } from '../../model/failure.ts'
import { errorLine } from './virsh.ts'

/** Why libvirt does not answer, from what virsh or the shell printed. */
export function libvirtFailure(host: string, output: string): Failure {
  const cause = causes.find(({ pattern }) => pattern.test(output))
  return {
    reason: 'module',
    code: 'libvirt-not-reachable',
    message: `libvirt on ${host} does not answer: ${cause?.what ?? errorLine(output, 'no answer')}.`,
    hint: cause?.hint ?? 'Run `virsh -c qemu:///system version` on that host.',
    details: output,
  }
}

/** Whether libvirt is not there, or not yet; undefined: it is there, and something else is wrong. */
export function libvirtAbsence(output: string): Cause['absent'] {
  return causes.find(({ pattern }) => pattern.test(output))?.absent
}

interface Cause {
  readonly pattern: RegExp
  readonly what: string
  readonly hint: string
  /** The role hypervisor has not been applied, or what it started has ended. */
  readonly absent?: 'not-installed' | 'not-running'
}

const causes: readonly Cause[] = [
  {
    pattern: /virsh: (command )?not found|virsh: No such file/,
    what: 'virsh is not installed',
    hint: 'Apply the role hypervisor to this host first.',
    absent: 'not-installed',
  },
  {
    pattern: /authentication (unavailable|failed)|Permission denied|access denied/i,
    what: 'the user who logs in may not use it',
    hint: 'Use become: true, or add the user to the group libvirt and log in again.',
  },
  {
    pattern: /Failed to connect socket|Connection refused|No such file or directory/,
    what: 'the daemon does not run',
    hint: 'Apply the role hypervisor; it starts libvirtd with systemd or by itself.',
    absent: 'not-running',
  },
]
