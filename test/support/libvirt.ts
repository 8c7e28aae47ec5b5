import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Test } from 'tap'
import { atEnd } from './cleanup.ts'
import { must, tool } from './tool.ts'

/**
 * Everything on this machine that a lab adds to, by kind. Definitions count as the files that they are, so that the
 * state can be taken before libvirt runs. What belongs to sandbox hosts is left out: their tests run beside.
 */
export type MachineState = Readonly<Record<'links' | 'files' | 'rules', string[]>>

const folders = [
  '/var/lib/hvlab/guests',
  '/var/lib/libvirt/dnsmasq',
  '/etc/libvirt/qemu',
  '/etc/libvirt/qemu/networks',
  '/etc/libvirt/qemu/networks/autostart',
  // Saved memory, snapshots, firmware variables, logs of QEMU.
  '/var/lib/libvirt/qemu/save',
  '/var/lib/libvirt/qemu/snapshot',
  '/var/lib/libvirt/qemu/nvram',
  '/var/log/libvirt/qemu',
]

export function virsh(...args: readonly string[]): string {
  return must('virsh', ['-q', '-c', 'qemu:///system', ...args]).trim()
}

export function machineState(): MachineState {
  const rules = tool('iptables', ['-w', '-t', 'nat', '-S']).stdout.split('\n')
  return {
    links: readdirSync('/sys/class/net').filter((name) => !/^(hvsb|vb)-/.test(name)),
    files: files(),
    // libvirt makes its own chain when it starts.
    rules: rules.filter(
      (rule) => rule.startsWith('-A') && !rule.endsWith('-j LIBVIRT_PRT') && !rule.includes('hvlab-sandbox:'),
    ),
  }
}

function files(): string[] {
  return folders.flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : [],
  )
}

/** What is there now and was not before. */
export function added(before: MachineState, now: MachineState): string[] {
  const kinds = Object.keys(now) as (keyof MachineState)[]
  return kinds.flatMap((kind) =>
    now[kind].filter((entry) => !before[kind].includes(entry)).map((entry) => `${kind}: ${entry}`),
  )
}

/** Files of networks and guests whose names are a lab's, or begin so. */
export function filesOf(lab: string): string[] {
  return files().filter((file) => {
    const name = basename(file)
    return name === `${lab}.xml` || name.startsWith(`${lab}-`)
  })
}

/** A stopped domain and an inactive network of somebody else. */
export interface Foreign {
  /** Their definitions as libvirt has them now. */
  definitions(): string[]
}

/**
 * Defines a domain and a network that are not hvlab's. Where libvirt does not run, it reads their files when it starts:
 * starting it is hvlab's part.
 */
export function foreignDefinitions(t: Test): Foreign {
  const domain = 'hvlab-test-foreign'
  const network = 'hvlab-test-net'
  const files = {
    domain: `/etc/libvirt/qemu/${domain}.xml`,
    network: `/etc/libvirt/qemu/networks/${network}.xml`,
  }
  const remove = () => {
    if (libvirtAnswers()) {
      tool('virsh', ['-c', 'qemu:///system', 'undefine', domain])
      tool('virsh', ['-c', 'qemu:///system', 'net-undefine', network])
    }
    for (const file of Object.values(files)) rmSync(file, { force: true })
  }
  // What a test that was killed left.
  remove()
  atEnd(t, remove)
  const xml = {
    domain: `<domain type='qemu'><name>${domain}</name><uuid>6f1c9a3e-7a54-4c0e-9c07-5d9d5ad6b2aa</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>\n`,
    network: `<network><name>${network}</name><uuid>0b7f7a5e-43a8-4c2b-8f6f-0f6f4a8d1f11</uuid>
<bridge name='hvt-foreign' stp='on' delay='0'/><ip address='10.214.7.1' netmask='255.255.255.0'/></network>\n`,
  }
  for (const kind of ['domain', 'network'] as const) {
    mkdirSync('/etc/libvirt/qemu/networks', { recursive: true })
    writeFileSync(files[kind], xml[kind], { mode: 0o600 })
    if (libvirtAnswers())
      must('virsh', ['-c', 'qemu:///system', kind === 'domain' ? 'define' : 'net-define', files[kind]])
  }
  return { definitions: () => [virsh('dumpxml', domain), virsh('net-dumpxml', network)] }
}

/** Not where libvirt is installed but not started yet: without systemd no socket starts it. */
function libvirtAnswers(): boolean {
  if (!existsSync('/run/libvirt/libvirt-sock')) return false
  return tool('timeout', ['10', 'virsh', '-c', 'qemu:///system', 'version']).status === 0
}
