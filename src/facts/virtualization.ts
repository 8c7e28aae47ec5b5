import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { firstLine, readSections, sections } from './sections.ts'

export interface Virtualization {
  /** Container manager around this system, in systemd's words (`docker`, `lxc`, `systemd-nspawn` …), or null. */
  readonly container: string | null
  /** Hypervisor below this system's kernel (`kvm`, `qemu` = emulated, `vmware`, `oracle`, `microsoft` …), or null. */
  readonly vm: string | null
  /** From the innermost outwards, for people: `['docker', 'kvm']`; empty on bare metal. */
  readonly layers: readonly string[]
  /** What the finding rests on. */
  readonly source: 'systemd-detect-virt' | 'dmi' | 'cpuinfo' | 'none'
  /** /dev/kvm exists. It proves little: whether a kernel boots under KVM must be tried. */
  readonly kvmDevice: boolean
  /** A KVM module is loaded or built in. */
  readonly kvmModule: boolean
  /** Nested virtualisation as the loaded KVM module says; null when it is not loaded. */
  readonly nested: boolean | null
}

/** Sources: systemd-detect-virt(1); its list of DMI strings (src/basic/virt.c); sysfs. */
export const virtualization = defineFact<[], Virtualization>({
  name: 'virtualization',
  command: () =>
    sections({
      vm: sh`vm=$(systemd-detect-virt --vm); printf '%s\\n' "$vm"`,
      container: sh`container=$(systemd-detect-virt --container); printf '%s\\n' "$container"`,
      // The others are asked where systemd's program is missing.
      dmi: sh`[ -n "$vm" ] || cat /sys/class/dmi/id/product_name /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/board_vendor /sys/class/dmi/id/bios_vendor`,
      flag: sh`[ -n "$vm" ] || grep -m1 -ow hypervisor /proc/cpuinfo`,
      pid1: sh`[ -n "$container" ] || tr '\\0' '\\n' < /proc/1/environ | grep '^container='`,
      dockerenv: sh`[ -e /.dockerenv ] && echo docker`,
      kvm: sh`[ -e /dev/kvm ] && echo yes`,
      module: sh`[ -d /sys/module/kvm ] && echo yes`,
      nested: sh`${firstLine('/sys/module/kvm_intel/parameters/nested')} || ${firstLine('/sys/module/kvm_amd/parameters/nested')}`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const nested = section('nested').trim()
    const { vm, source } = hypervisor(section('vm'), section('dmi'), section('flag'))
    const container =
      named(section('container')) ??
      named(section('pid1').replace('container=', '')) ??
      named(section('dockerenv'))
    return {
      container,
      vm,
      layers: [container, vm].filter((layer) => layer !== null),
      source,
      kvmDevice: section('kvm') === 'yes',
      kvmModule: section('module') === 'yes',
      nested: nested === '' ? null : /^[1Y]/.test(nested),
    }
  },
})

const named = (answer: string): string | null => {
  const word = answer.trim()
  return word === '' || word === 'none' ? null : word
}

function hypervisor(detected: string, dmi: string, flag: string): Pick<Virtualization, 'vm' | 'source'> {
  if (detected !== '') return { vm: named(detected), source: 'systemd-detect-virt' }
  const vendor = dmiVendors.find(([pattern]) => pattern.test(dmi))
  if (vendor) return { vm: vendor[1], source: 'dmi' }
  if (flag === 'hypervisor') return { vm: 'vm-other', source: 'cpuinfo' }
  return { vm: null, source: dmi === '' ? 'none' : 'dmi' }
}

const dmiVendors: readonly (readonly [RegExp, string])[] = [
  [/^(KVM|OpenStack|KubeVirt|Amazon EC2|Google)/m, 'kvm'],
  [/QEMU/, 'qemu'],
  [/VMware|VMW/, 'vmware'],
  [/innotek GmbH|VirtualBox|Oracle Corporation/, 'oracle'],
  [/^Xen/m, 'xen'],
  [/Bochs/, 'bochs'],
  [/Parallels/, 'parallels'],
  [/BHYVE/, 'bhyve'],
  [
    /Hyper-V|Microsoft Corporation\n*.*Virtual Machine|Virtual Machine\n*.*Microsoft Corporation/,
    'microsoft',
  ],
  [/Apple Virtualization/, 'apple'],
]
