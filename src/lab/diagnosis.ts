import type { Failure } from '../model/failure.ts'
import type { NotReady } from './readiness.ts'
import { serialTail } from './serial-log.ts'

/** What is known of a guest in which no login worked. */
export interface Evidence {
  /** Domain name and host, for the message. */
  readonly domain: string
  readonly host: string
  readonly address: string
  readonly accelerator: 'kvm' | 'tcg'
  readonly notReady: NotReady
  /** The serial log, or its end. Untrusted. */
  readonly serialLog: string
  /** The address that DHCP leased to the guest's MAC; undefined when none. */
  readonly lease?: string
  /** End of libvirt's log of the QEMU process. */
  readonly qemuLog: string
}

/** Why the guest is probably not reachable, with the end of its serial log as evidence. */
export function diagnose(evidence: Evidence): Failure {
  const { domain, host, notReady } = evidence
  const seconds = Math.round(notReady.waitedMs / 1000)
  const cause = causes.find((entry) => entry.applies(evidence)) ?? portClosed
  return {
    reason: notReady.kind === 'stopped' || notReady.kind === 'panicked' ? 'module' : 'timeout',
    code: 'guest-not-reachable',
    message: `Guest ${domain} on ${host} accepted no SSH login within ${seconds} s: ${cause.what(evidence)}.`,
    hint: cause.hint(evidence),
    details: details(evidence),
  }
}

interface Cause {
  applies(evidence: Evidence): boolean
  what(evidence: Evidence): string
  hint(evidence: Evidence): string
}

/** A cause that text on the serial console gives away. */
function printed(pattern: RegExp, what: string, hint: string): Cause {
  return { applies: ({ serialLog }) => pattern.test(serialLog), what: () => what, hint: () => hint }
}

/** The first that applies is named: what the guest itself says, then what the network and sshd show. */
const causes: readonly Cause[] = [
  printed(
    /VFS: (Unable to mount root fs|Cannot open root device)|unable to find root|ALERT!.*does not exist/i,
    'its kernel did not find the root file system',
    'The image needs virtio drivers in its initrd, and root= on its command line must name the disk (/dev/vda).',
  ),
  printed(
    /Kernel panic - not syncing/,
    'its kernel panicked',
    'Read the lines above the panic. With KVM, try accelerator: tcg.',
  ),
  printed(
    /emergency mode|Give root password for maintenance/i,
    'systemd stopped in emergency mode',
    'A file system or unit of the image failed; the serial log names it.',
  ),
  printed(
    /Out of memory: Killed process|invoked oom-killer/,
    'it ran out of memory',
    'Raise memory_mb for this guest.',
  ),
  printed(
    /No space left on device/,
    'its disk is full',
    'Raise disk_gb for this guest, or make the image smaller.',
  ),
  {
    applies: ({ notReady }) => notReady.kind === 'stopped',
    what: ({ notReady }) => `the domain is not running any more (${notReady.observation.state ?? 'gone'})`,
    hint: () =>
      'QEMU’s own last lines are in the details; the whole log is in /var/log/libvirt/qemu on that host.',
  },
  {
    applies: ({ serialLog, accelerator }) => accelerator === 'kvm' && serialTail(serialLog).length === 0,
    what: () => 'it never printed a line, as where /dev/kvm opens but runs no kernel',
    hint: () => 'Set accelerator: tcg, or run `hvlab doctor` for what KVM lacks here.',
  },
  {
    applies: ({ notReady }) => notReady.kind === 'too-slow' && notReady.attempt.kind === 'closed',
    what: () => 'its boot is still under way',
    hint: () =>
      'Give it longer (deadline, in seconds), or the host less to do; a second run goes on waiting.',
  },
  {
    applies: ({ notReady }) => notReady.attempt.kind === 'refused',
    what: ({ notReady }) => `sshd answers but the login fails (${attemptWhy(notReady)})`,
    hint: () => 'cloud-init did not apply the seed: the image must look for NoCloud (datasource_list).',
  },
  {
    applies: ({ lease }) => lease === undefined,
    what: () => 'it asked for no address by DHCP',
    hint: () =>
      'The image must run DHCP on its first interface (virtio driver, networkd or netplan); or the boot is still under way.',
  },
  {
    applies: ({ lease, address }) => lease !== address,
    what: ({ lease, address }) => `DHCP gave it ${lease ?? 'nothing'} instead of the reserved ${address}`,
    hint: () =>
      'Two guests with one machine-id, or an old lease: empty /etc/machine-id in the image and make the guest again.',
  },
]

/** What is left when nothing else applies. */
const portClosed: Cause = {
  applies: () => true,
  what: ({ notReady }) => `it has an address but port 22 is closed (${attemptWhy(notReady)})`,
  hint: () => 'sshd did not start, or a firewall on the hypervisor drops the bridge’s traffic.',
}

function attemptWhy(notReady: NotReady): string {
  return notReady.attempt.kind === 'ready' ? 'ready' : notReady.attempt.why
}

function details(evidence: Evidence): string {
  const { notReady, lease, qemuLog, serialLog } = evidence
  const serial = serialTail(serialLog)
  const qemu = notReady.kind === 'stopped' ? serialTail(qemuLog, 10) : []
  return [
    `domain: ${notReady.observation.state ?? 'gone'}; DHCP lease: ${lease ?? 'none'}; last attempt: ${attemptWhy(notReady)}`,
    ...(qemu.length > 0 ? ['last lines of QEMU:', ...qemu] : []),
    ...(serial.length > 0
      ? [`last ${serial.length} lines of the serial log:`, ...serial]
      : ['the serial log is empty']),
  ].join('\n')
}
