import type { Failure } from '../model/failure.ts'
import { guestsFolder } from './guest-files.ts'
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
  readonly dhcp: DhcpEvidence
  /** As QEMU sees the guest agent; undefined when the guest has no channel for one. */
  readonly agent?: 'connected' | 'disconnected'
  /** End of libvirt's log of the QEMU process. */
  readonly qemuLog: string
}

/** What the DHCP server of the guest's main network knows. */
export interface DhcpEvidence {
  readonly network: string
  /** `none`: a bridge, where hvlab gives no addresses out. */
  readonly server: 'running' | 'dead' | 'none'
  /** The address that was leased to the guest's MAC; undefined when none. */
  readonly lease?: string
  /** MAC of another machine that has the guest's address. */
  readonly taken?: string
}

/** Why the guest is probably not reachable, with the end of its serial log as evidence. */
export function diagnose(evidence: Evidence): Failure {
  const { domain, host, notReady } = evidence
  const seconds = Math.round(notReady.waitedMs / 1000)
  const cause = causes.find((entry) => entry.applies(evidence)) ?? portClosed
  return {
    reason: notReady.kind === 'stalled' || notReady.kind === 'too-slow' ? 'timeout' : 'module',
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

/** libvirt's words for a guest that QEMU stopped because a write failed for want of room. */
const diskError = 'paused (I/O error)'

/** The first that applies is named: what the guest itself says, then what the network and sshd show. */
const causes: readonly Cause[] = [
  {
    applies: ({ notReady }) => notReady.observation.state === diskError,
    what: ({ host }) => `it stands still, because a disk of ${host} was full when it wrote (I/O error)`,
    hint: () =>
      `Make room below ${guestsFolder} on that host (df -h), then do the same again: the guest goes on where it stands.`,
  },
  {
    applies: ({ notReady }) => notReady.kind === 'halted',
    what: ({ notReady }) => `it stands still (${notReady.observation.state ?? 'gone'})`,
    hint: () =>
      'QEMU’s own last lines are in the details; the whole log is in /var/log/libvirt/qemu on that host.',
  },
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
    applies: ({ dhcp }) => dhcp.server === 'dead',
    what: ({ dhcp }) => `the DHCP server of network ${dhcp.network} does not run`,
    hint: ({ dhcp }) =>
      `Start the network again: virsh net-destroy ${dhcp.network}; virsh net-start ${dhcp.network}. Guests on it must then be restarted.`,
  },
  {
    applies: ({ dhcp }) => dhcp.taken !== undefined,
    what: ({ address, dhcp }) => `DHCP gave its address ${address} to another machine (${dhcp.taken ?? ''})`,
    hint: () =>
      'Two guests with one machine-id, or an old lease: empty /etc/machine-id in the image and make the guest again.',
  },
  {
    applies: ({ notReady }) => notReady.kind === 'too-slow' && notReady.attempt.kind === 'closed',
    what: () => 'its boot is still under way',
    hint: () =>
      'Give it longer (deadline, in seconds), or the host less to do; a second run goes on waiting.',
  },
  printed(
    /DataSourceNone|Used fallback datasource/,
    'cloud-init found no seed, so there are no users and keys',
    'The image must look for NoCloud (datasource_list), and read virtio disks in its first stage.',
  ),
  {
    applies: ({ notReady }) => notReady.attempt.kind === 'refused',
    what: ({ notReady }) => `sshd answers but the login fails (${attemptWhy(notReady)})`,
    hint: () => 'cloud-init did not apply the seed: the image must look for NoCloud (datasource_list).',
  },
  {
    applies: ({ dhcp }) => dhcp.server === 'none',
    what: ({ address, dhcp, notReady }) =>
      `nothing answers at ${address}, which it should set itself on the bridge of network ${dhcp.network} (${attemptWhy(notReady)})`,
    hint: () =>
      'Address, gateway and the bridge’s own network must fit together; a firewall may filter bridged traffic (sysctl net.bridge.bridge-nf-call-iptables).',
  },
  {
    applies: ({ dhcp }) => dhcp.lease === undefined,
    what: ({ agent }) =>
      agent === 'connected'
        ? 'it has booted (its guest agent answers) but asked for no address by DHCP'
        : 'it asked for no address by DHCP',
    hint: () =>
      'The image must run DHCP on its first interface (virtio driver, networkd or netplan); or the boot is still under way.',
  },
  {
    applies: ({ dhcp, address }) => dhcp.lease !== address,
    what: ({ dhcp, address }) => `DHCP gave it ${dhcp.lease ?? 'nothing'} instead of the reserved ${address}`,
    hint: () => 'An old lease wins until it ends: `hvlab down` and `hvlab up`, which make the network anew.',
  },
]

/** What is left when nothing else applies. */
const portClosed: Cause = {
  applies: () => true,
  what: ({ agent, notReady }) =>
    `it has an address${agent === 'connected' ? ' and has booted (its guest agent answers)' : ''} but port 22 is closed (${attemptWhy(notReady)})`,
  hint: () => 'sshd did not start, or a firewall on the hypervisor drops the bridge’s traffic.',
}

function attemptWhy(notReady: NotReady): string {
  return notReady.attempt.kind === 'ready' ? 'ready' : notReady.attempt.why
}

function details(evidence: Evidence): string {
  const { notReady, qemuLog, serialLog } = evidence
  const serial = serialTail(serialLog)
  const saysMore =
    notReady.kind === 'stopped' || (notReady.kind === 'halted' && notReady.observation.state !== diskError)
  const qemu = saysMore ? serialTail(qemuLog, 10) : []
  return [
    `domain: ${notReady.observation.state ?? 'gone'}`,
    `DHCP: ${dhcpWords(evidence)}`,
    `guest agent: ${{ connected: 'answers', disconnected: 'does not answer', none: 'it has no channel for one' }[evidence.agent ?? 'none']}`,
    `last attempt: ${attemptWhy(notReady)}`,
    ...(qemu.length > 0 ? ['last lines of QEMU:', ...qemu] : []),
    ...(serial.length > 0
      ? [`last ${serial.length} lines of the serial log:`, ...serial]
      : ['the serial log is empty']),
  ].join('\n')
}

function dhcpWords({ dhcp, address }: Evidence): string {
  if (dhcp.server === 'none') return `none on network ${dhcp.network}; ${address} is the guest’s own setting`
  const server = `server of network ${dhcp.network} ${dhcp.server === 'running' ? 'runs' : 'does not run'}`
  return `${server}; reserved ${address}, leased ${dhcp.lease ?? 'nothing'}${dhcp.taken === undefined ? '' : `; ${dhcp.taken} has it`}`
}
