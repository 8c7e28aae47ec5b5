import type { Cpu } from '../../facts/cpu.ts'
import { distributionOf } from '../../facts/distribution.ts'
import type { OsRelease } from '../../facts/os-release.ts'
import type { ServiceManager } from '../../facts/service-manager.ts'
import type { Virtualization } from '../../facts/virtualization.ts'
import type { Accelerator } from './accelerator.ts'
import type { Finding } from './preflight.ts'
import type { Privileges } from './privileges.ts'

/**
 * Families for which the role hypervisor has packages and daemons, and the oldest releases whose QEMU, libvirt and systemd
 * hvlab is made for. RHEL 8 was made from Fedora 28.
 */
const families: Readonly<
  Record<string, { readonly wasRun: boolean; readonly oldest: Readonly<Record<string, number>> }>
> = {
  Debian: { wasRun: true, oldest: { debian: 11, ubuntu: 20.04 } },
  RedHat: {
    wasRun: false,
    oldest: { rhel: 8, centos: 8, rocky: 8, almalinux: 8, ol: 8, fedora: 28 },
  },
}

export function osFinding(os: OsRelease, cpu: Cpu): Finding {
  const machine = `${os.prettyName} on ${cpu.architecture}`
  const bad = (text: string, level: 'warning' | 'error' = 'error'): Finding => ({
    id: 'os',
    level,
    text,
    hint: 'Use Debian 11, Ubuntu 20.04, RHEL 8 and its kin, Fedora 28, or newer, on x86_64.',
  })
  if (cpu.architecture !== 'x86_64') return bad(`${machine}: guests are made for x86_64 only`)
  const { family: name } = distributionOf(os)
  const family = families[name]
  if (family === undefined)
    return bad(
      `${machine}: packages can be installed on the families ${Object.keys(families).join(' and ')} only`,
    )
  const minimum = family.oldest[os.id]
  if (minimum === undefined) {
    const like = os.idLike.find((id) => id in family.oldest) ?? `the family ${name}`
    return bad(`${machine} is like ${like}, but has not been tried`, 'warning')
  }
  // Testing and unstable have no number.
  if (Number.parseFloat(os.versionId) < minimum) return bad(`${machine} is too old`)
  if (family.wasRun) return { id: 'os', level: 'ok', text: machine }
  return {
    id: 'os',
    level: 'warning',
    text: `${machine}: what hvlab does here is from the documentation and was never run`,
    hint: 'It may work as it is; Debian 12 is what hvlab is tested on.',
  }
}

export function privilegeFindings(may: Privileges): Finding[] {
  const finding = (level: Finding['level'], text: string, hint?: string): Finding[] => [
    { id: 'privileges', level, text, ...(hint === undefined ? {} : { hint }) },
  ]
  if (may.root) return finding('ok', 'commands run as root')
  if (may.sudo === 'free') return finding('ok', `${may.user} may use sudo without a password`)
  if (may.sudo === 'password') {
    return finding(
      'warning',
      `${may.user} may use sudo, which asks for a password`,
      'Give it in the variable ansible_become_password, or allow sudo without one (NOPASSWD).',
    )
  }
  return finding(
    'error',
    `${may.user} is not root and may not use sudo`,
    'Run hvlab as root, or connect as a user who may use sudo.',
  )
}

/** How the hypervisor below is told to pass hardware virtualisation on. */
const nesting: Readonly<Record<string, string>> = {
  oracle:
    'VirtualBox 6.1 or newer: switch the machine off, `VBoxManage modifyvm NAME --nested-hw-virt on`; on Windows Hyper-V must be off.',
  vmware: 'VMware: switch on “Virtualize Intel VT-x/EPT or AMD-V/RVI” in the machine’s processor settings.',
  kvm: 'On the machine below: `options kvm_intel nested=1` (or kvm_amd) in /etc/modprobe.d, and CPU mode host-passthrough for this guest.',
  qemu: 'This machine is itself emulated: use one with KVM.',
  microsoft: 'Hyper-V: `Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $true`.',
}

export function virtualizationFinding(found: Virtualization, cpu: Cpu): Finding {
  const layers = found.layers.length === 0 ? 'bare metal' : `runs in ${found.layers.join(' in ')}`
  if (cpu.vmx || cpu.svm) {
    return { id: 'virtualization', level: 'ok', text: `${layers}; the CPU has ${cpu.vmx ? 'VT-x' : 'AMD-V'}` }
  }
  return {
    id: 'virtualization',
    level: 'warning',
    text: `${layers}; the CPU shows neither VT-x nor AMD-V`,
    hint: (found.vm && nesting[found.vm]) || 'Switch on VT-x or AMD-V (SVM) in the firmware’s setup.',
  }
}

export function containerFindings(found: Virtualization, may: Privileges): Finding[] {
  if (found.container === null) return []
  const inside = `this is a container (${found.container})`
  const hint =
    'Use the machine itself, or a container with all capabilities and /dev/net/tun (docker: --privileged).'
  if (may.canMakeNetworks === false || !may.tun) {
    const lack = may.tun ? 'CAP_NET_ADMIN and CAP_SYS_ADMIN' : '/dev/net/tun'
    return [
      { id: 'container', level: 'error', text: `${inside} without ${lack}: libvirt cannot work here`, hint },
    ]
  }
  if (may.canMakeNetworks === null) {
    return [
      {
        id: 'container',
        level: 'warning',
        text: `${inside}; whether libvirt can work is only seen as root`,
        hint,
      },
    ]
  }
  return [{ id: 'container', level: 'ok', text: `${inside} with the rights that libvirt needs` }]
}

export function servicesFinding(services: ServiceManager): Finding {
  if (services.systemd) return { id: 'services', level: 'ok', text: 'systemd runs the services' }
  return {
    id: 'services',
    level: 'warning',
    text: `${services.init} is PID 1, not systemd: hvlab starts libvirt’s daemons itself`,
    hint: 'After a reboot run `hvlab up` again: nothing else starts them.',
  }
}

export function acceleratorFinding(accelerator: Accelerator | undefined): Finding {
  if (accelerator === undefined) {
    return {
      id: 'accelerator',
      level: 'ok',
      text: 'KVM or TCG is decided at deployment, by booting a kernel: that needs root, QEMU and an image on this host',
    }
  }
  if (accelerator.type === 'kvm')
    return { id: 'accelerator', level: 'ok', text: `KVM: ${accelerator.reason}` }
  return {
    id: 'accelerator',
    level: 'warning',
    text: `TCG, guests are emulated and about ten times slower: ${accelerator.reason}`,
    hint: 'The lab works all the same. For KVM use a machine with VT-x or AMD-V that passes it on.',
  }
}
