import { mkdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { writeSeed } from './guest-seed.mjs'
import { has, output, removeDomain, removePool, virsh } from './programs.mjs'

const name = 'bench-virt-install'
const mac = '52:54:00:be:0c:01'
/** libvirt's processes must be able to reach it. virt-install makes a storage pool of it, called as the folder is. */
const folder = '/var/lib/hvlab-bench-virt-install'

/** A guest as a person makes one with virt-install: an overlay, a seed, virt-install, then trying to log in. */
export const virtInstall = {
  package: 'virtinst',
  isThere: () => has('virt-install'),
  async prepare() {},

  async up({ image, accelerator, network, keyFile, shape }) {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    const [disk, seed] = [join(folder, 'disk.qcow2'), join(folder, 'seed.iso')]
    await writeSeed(seed, name, keyFile)
    const backing = ['-F', 'qcow2', '-b', join(image.folder, 'image.qcow2')]
    await output('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, disk, `${shape.disk_gb}G`])
    const files = { kernel: join(image.folder, 'vmlinuz'), initrd: join(image.folder, 'initrd') }
    const options = {
      connect: 'qemu:///system',
      name,
      'virt-type': accelerator === 'kvm' ? 'kvm' : 'qemu',
      vcpus: shape.vcpus,
      memory: shape.memory_mb,
      osinfo: 'detect=on,require=off',
      network: `network=${network.name},model=virtio,mac=${mac}`,
      graphics: 'none',
      boot: `kernel=${files.kernel},initrd=${files.initrd},kernel_args=${image.cmdline}`,
    }
    await output('virt-install', [
      ...Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]),
      ...['--import', '--noautoconsole'],
      ...['--disk', `path=${disk},bus=virtio`, '--disk', `path=${seed},bus=virtio,readonly=on`],
    ])
    await login(network.name, keyFile)
  },

  async remove() {
    await removeDomain(name)
    rmSync(folder, { recursive: true, force: true })
  },

  async forget() {
    await removePool(basename(folder))
  },
}

async function login(network, keyFile) {
  const quietly = ['BatchMode=yes', 'ConnectTimeout=1', 'LogLevel=ERROR']
  const unpinned = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']
  const options = [...quietly, ...unpinned].flatMap((option) => ['-o', option])
  const deadline = performance.now() + 300_000
  for (;;) {
    const leases = await virsh(['net-dhcp-leases', network, '--mac', mac])
    const [, address] = /(\d+\.\d+\.\d+\.\d+)\//.exec(leases) ?? []
    if (address !== undefined) {
      const words = ['-F', 'none', '-i', keyFile, ...options, `hvlab@${address}`, 'true']
      if ((await output('ssh', words, { allowFailure: true })) !== undefined) return
    }
    if (performance.now() > deadline) throw new Error(`${name}: no login within 300 s`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
