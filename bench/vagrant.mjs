import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeSeed } from './guest-seed.mjs'
import { has, output, removeDomain, removePool, virsh } from './programs.mjs'

const name = 'bench-vagrant'
const box = 'hvlab-bench'
const pool = { name: 'hvlab-bench-vagrant', folder: '/var/lib/hvlab-bench-vagrant' }

/**
 * A guest by Vagrant and vagrant-libvirt: `vagrant up` with a box of the image, which returns when a login works. As hvlab's
 * host has the image already, the box is added and its disk is in the pool before. `folder` is for Vagrant's own files.
 */
export const vagrant = {
  package: 'vagrant-libvirt',

  async isThere({ folder }) {
    if (!(await has('vagrant'))) return false
    return (await run(folder, ['plugin', 'list'])).includes('vagrant-libvirt')
  },

  async prepare({ folder, image, keyFile }) {
    const parts = join(folder, 'box')
    mkdirSync(parts)
    const virtualSize = Math.ceil(image.virtual_size / 2 ** 30) // GiB
    const metadata = { provider: 'libvirt', format: 'qcow2', virtual_size: virtualSize }
    writeFileSync(join(parts, 'metadata.json'), JSON.stringify(metadata))
    writeFileSync(join(parts, 'Vagrantfile'), '')
    copyFileSync(join(image.folder, 'image.qcow2'), join(parts, 'box.img'))
    const archive = join(folder, `${box}.box`)
    await output('tar', ['-C', parts, '-cf', archive, 'metadata.json', 'Vagrantfile', 'box.img'])
    await run(folder, ['box', 'add', '--name', box, '--provider', 'libvirt', archive])
    for (const done of [parts, archive]) rmSync(done, { recursive: true })

    mkdirSync(pool.folder, { recursive: true, mode: 0o755 })
    const disk = join(home(folder), 'boxes', box, '0/libvirt/box.img')
    // So vagrant-libvirt calls the volume of a box without a version.
    const volume = `${box}_vagrant_box_image_0_${Math.floor(statSync(disk).mtimeMs / 1000)}_box.img`
    copyFileSync(disk, join(pool.folder, volume))
    await writeSeed(join(pool.folder, 'seed.iso'), name, keyFile)
    await virsh(['pool-create-as', pool.name, 'dir', '--target', pool.folder])
  },

  async up(bench) {
    writeFileSync(join(bench.folder, 'Vagrantfile'), vagrantfile(bench))
    const said = await run(bench.folder, ['up', '--no-provision', '--provider', 'libvirt'])
    if (/uploading base box image/i.test(said))
      throw new Error('vagrant did not find the image in its pool: what it took is no comparison')
  },

  async remove({ folder }) {
    if (existsSync(join(folder, 'Vagrantfile')))
      await run(folder, ['destroy', '--force'], { allowFailure: true })
    // What Vagrant does not know of, as after an interruption.
    await removeDomain(name)
    rmSync(join(pool.folder, `${name}.img`), { force: true })
  },

  async forget() {
    await removePool(pool.name)
    rmSync(pool.folder, { recursive: true, force: true })
  },
}

function run(folder, words, options) {
  const env = { ...process.env, VAGRANT_HOME: home(folder), VAGRANT_CHECKPOINT_DISABLE: '1' }
  return output('vagrant', ['--no-color', ...words], { cwd: folder, env, ...options })
}

function home(folder) {
  return join(folder, 'home')
}

/** The seed is a virtio disk: the image's kernel has no driver for a CD-ROM. */
function vagrantfile({ image, accelerator, network, keyFile, shape }) {
  const ruby = (text) => `'${text.replace(/['\\]/g, '\\$&')}'`
  return `Vagrant.configure('2') do |config|
  config.vm.define ${ruby(name)}
  config.vm.box = ${ruby(box)}
  config.vm.box_check_update = false
  # Otherwise Vagrant finds out by logins, which takes an emulated guest longer than its boot.
  config.vm.guest = :debian
  config.vm.synced_folder '.', '/vagrant', disabled: true
  config.ssh.username = 'hvlab'
  config.ssh.private_key_path = ${ruby(keyFile)}
  config.ssh.insert_key = false
  config.vm.provider :libvirt do |libvirt|
    libvirt.uri = 'qemu:///system'
    libvirt.driver = ${ruby(accelerator === 'kvm' ? 'kvm' : 'qemu')}
    libvirt.default_prefix = ''
    libvirt.cpus = ${shape.vcpus}
    libvirt.memory = ${shape.memory_mb}
    libvirt.graphics_type = 'none'
    libvirt.storage_pool_name = ${ruby(pool.name)}
    libvirt.storage :file, path: 'seed.iso', allow_existing: true, type: 'raw', bus: 'virtio'
    libvirt.management_network_name = ${ruby(network.name)}
    libvirt.management_network_address = ${ruby(network.subnet)}
    libvirt.management_network_keep = true
    libvirt.kernel = ${ruby(join(image.folder, 'vmlinuz'))}
    libvirt.initrd = ${ruby(join(image.folder, 'initrd'))}
    libvirt.cmd_line = ${ruby(image.cmdline)}
  end
end
`
}
