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

const missing = /virsh: (command )?not found|virsh: No such file/

/** Whether libvirt's clients are not even installed. */
export function isVirshMissing(output: string): boolean {
  return missing.test(output)
}

/** Whether libvirt is not there yet: not installed, or its daemon was never started. */
export function isLibvirtAbsent(output: string): boolean {
  return causes.find(({ pattern }) => pattern.test(output))?.absent === true
}

interface Cause {
  readonly pattern: RegExp
  readonly what: string
  readonly hint: string
  /** The role hypervisor has not been applied. */
  readonly absent?: true
}

const causes: readonly Cause[] = [
  {
    pattern: missing,
    what: 'virsh is not installed',
    hint: 'Apply the role hypervisor to this host first.',
    absent: true,
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
    absent: true,
  },
]
