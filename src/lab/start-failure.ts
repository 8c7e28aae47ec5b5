import type { Failure } from '../model/failure.ts'
import { errorLine } from './libvirt/virsh.ts'

/** Why `virsh start` failed. The causes are the ones that users of libvirt report most. */
export function startFailure(domain: string, host: string, output: string): Failure {
  return failureFor('guest-not-started', `Guest ${domain} on ${host} did not start`, domain, output)
}

/** Why `virsh define` failed. */
export function definitionFailure(domain: string, host: string, output: string): Failure {
  return failureFor('guest-not-created', `libvirt on ${host} does not take guest ${domain}`, domain, output)
}

function failureFor(
  code: 'guest-not-started' | 'guest-not-created',
  what: string,
  domain: string,
  output: string,
): Failure {
  const cause = causes.find(({ pattern }) => pattern.test(output))
  return {
    reason: 'module',
    code,
    message: `${what}: ${cause?.what ?? errorLine(output)}.`,
    hint: cause?.hint ?? `Read /var/log/libvirt/qemu/${domain}.log on that host.`,
    details: output.trim(),
  }
}

const causes: readonly { readonly pattern: RegExp; readonly what: string; readonly hint: string }[] = [
  {
    pattern: /virtlogd/,
    what: 'virtlogd, which keeps its serial log, does not run',
    hint: 'Apply the role hypervisor; it starts virtlogd with systemd or by itself.',
  },
  {
    pattern: /KVM kernel module: Permission denied/,
    what: 'QEMU may not open /dev/kvm',
    hint: 'Give the group kvm access to /dev/kvm (mode 0660), or set accelerator: tcg.',
  },
  {
    pattern: /KVM kernel module: No such file|KVM is not available|kvm_init|failed to initialize kvm/i,
    what: 'KVM does not work here',
    hint: 'Set accelerator: tcg, or run `hvlab doctor` for what KVM lacks here.',
  },
  {
    pattern: /CPU m(ode|odel).*not supported|not provide required features/i,
    what: 'the host cannot give it this CPU model',
    hint: 'Leave cpu out, so that one is chosen from what libvirt offers.',
  },
  {
    pattern: /Cannot allocate memory|cannot set up guest memory/,
    what: 'the host has too little free memory for it',
    hint: 'Lower memory_mb, or stop something else on the host.',
  },
  {
    pattern: /unable to allocate.*huge|hugetlbfs.*(mount|not)|hugepages|no hugetlbfs/i,
    what: 'the host has too few free huge pages of that size',
    hint: 'Set them aside first: sysctl vm.nr_hugepages=N (2 MiB each), or leave hugepages out.',
  },
  {
    pattern: /(Cannot access (storage|backing) file .*|Could not open '[^']*'): No such file/,
    what: 'one of its files is not there any more',
    hint: 'An image under its disk was removed? Run `hvlab up` again: it brings the image back, or names what is missing.',
  },
  {
    pattern: /Permission denied/,
    what: 'QEMU’s user may not read one of its files',
    hint: 'Every folder above /var/lib/hvlab needs o+x; look for apparmor="DENIED" in the kernel log.',
  },
  {
    pattern: /'efi' firmware|firmware.*(efi|OVMF)|OVMF/i,
    what: 'the host has no UEFI firmware for guests',
    hint: 'Install ovmf there (edk2-ovmf in the Fedora family), or leave firmware out.',
  },
  {
    pattern: /swtpm|TPM/,
    what: 'the host has no emulator for its TPM',
    hint: 'Install swtpm and swtpm-tools there, or leave tpm out.',
  },
  {
    pattern: /cgroup|machined|sys\/fs\/cgroup/i,
    what: 'libvirt cannot use control groups here, as in many containers',
    hint: 'Apply the role hypervisor; in a container it sets cgroup_controllers = [] in /etc/libvirt/qemu.conf.',
  },
  {
    pattern: /network .* is not active/i,
    what: 'its network does not run',
    hint: 'Apply libvirt_network to this host first.',
  },
]
