import { defineFact } from '../../facts/fact.ts'
import { sh } from '../../util/sh.ts'
import { virsh } from '../libvirt/virsh.ts'
import { attribute, child, children, parseXml } from '../libvirt/xml.ts'

/** CPU models and modes that libvirt says an accelerator can give on this host, for machine q35. */
export interface CpuChoices {
  readonly hostPassthrough: boolean
  readonly models: readonly string[]
}

/** Source: libvirt.org/formatdomaincaps.html. Undefined when libvirt does not know the accelerator. */
export const cpuChoices = defineFact<['kvm' | 'tcg'], CpuChoices | undefined>({
  name: 'cpu-choices',
  command: (accelerator) =>
    sh`${virsh} domcapabilities --virttype ${accelerator === 'kvm' ? 'kvm' : 'qemu'} --machine q35 --arch x86_64`,
  parse({ exitCode, stdout }) {
    const cpu = exitCode === 0 ? child(parseXml(stdout, 'domainCapabilities'), 'cpu') : undefined
    if (!cpu) return undefined
    const modes = children(cpu, 'mode')
    const mode = (name: string) => modes.find((candidate) => attribute(candidate, 'name') === name)
    return {
      hostPassthrough: attribute(mode('host-passthrough'), 'supported') === 'yes',
      models: children(mode('custom'), 'model')
        .filter((model) => attribute(model, 'usable') === 'yes')
        .map((model) => String(model['#text'])),
    }
  },
})

/**
 * KVM passes the host's CPU through. Emulation gets Nehalem (x86-64-v2): it boots faster than `max`, and is the same
 * in every version of QEMU, so figures can be compared; QEMU's plain qemu64 where libvirt does not offer it.
 */
export function chooseCpu(accelerator: 'kvm' | 'tcg', choices: CpuChoices | undefined): string {
  if (accelerator === 'kvm' && choices?.hostPassthrough !== false) return 'host-passthrough'
  return choices?.models.includes('Nehalem') ? 'Nehalem' : 'qemu64'
}
