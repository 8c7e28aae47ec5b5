import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { packageRoot } from '../../../src/util/package-root.ts'
import { must, tool } from '../tool.ts'
import { type CpioEntry, cpio } from './cpio.ts'

const sources = join(packageRoot, 'test/support/stand-in-iso')
const source = (name: string): Buffer => readFileSync(join(sources, name))

/** What the installer needs of the kernel besides what is built in: disks, CD-ROM, network, ports, panic device. */
const installerModules = [
  'virtio_pci',
  'virtio_blk',
  'virtio_net',
  'virtio_console',
  'virtio_scsi',
  'ata_piix',
  'sr_mod',
  'isofs',
  'pvpanic-mmio',
  'pvpanic-pci',
]
const systemModules = [
  'virtio_pci',
  'virtio_blk',
  'virtio_net',
  'virtio_console',
  'virtio_scsi',
  'sr_mod',
  'ata_piix',
  'isofs',
]

/** Programs that late-commands and layers may call in the installed system; each writes down that it was called. */
const recorded = [
  'apt-cache',
  'apt-get',
  'apt-mark',
  'cloud-init',
  'dpkg-query',
  'snap',
  'systemctl',
  'update-grub',
  'update-initramfs',
]

/** Why the stand-in cannot be made on this machine; undefined when it can. */
export function missingForStandIn(): string | undefined {
  const tools = [
    'apt-get',
    'dpkg-deb',
    'xorriso',
    'tar',
    'ldd',
    'sfdisk',
    'mke2fs',
    'dash',
    'gzip',
    'dpkg-query',
    'qemu-system-x86_64',
  ]
  const absent = tools.filter((name) => tool('sh', ['-c', 'command -v "$1"', 'sh', name]).status !== 0)
  if (absent.length > 0) return `needs ${absent.join(', ')}`
  return kernelPackage() === undefined ? 'needs Debian’s linux-image-cloud-amd64' : undefined
}

/**
 * Makes an ISO that behaves as Ubuntu's live-server installer does, from Debian's packages, in a few seconds; kept in
 * the folder for temporary files until its sources change. Returns its path.
 */
export function standInIso(): string {
  const kernel = kernelPackage()
  if (kernel === undefined) throw new Error('there is no package linux-image-cloud-amd64')
  const digest = createHash('sha256').update(kernel)
  for (const name of readdirSync(sources).sort())
    if (name !== 'stand-in-install.ts') digest.update(name).update(source(name))
  const folder = join(tmpdir(), `hvlab-stand-in-${process.getuid?.() ?? 0}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const iso = join(folder, `${digest.digest('hex').slice(0, 16)}.iso`)
  if (existsSync(iso)) return iso
  // Another checkout may be using a younger one.
  for (const old of readdirSync(folder)) {
    if (statSync(join(folder, old)).mtimeMs < Date.now() - 86_400_000)
      rmSync(join(folder, old), { recursive: true })
  }
  const work = mkdtempSync(join(folder, 'work-'))
  try {
    renameSync(build(work, kernel), iso)
  } finally {
    rmSync(work, { recursive: true })
  }
  return iso
}

/** `NAME=VERSION` of the newest kernel for virtual machines. */
function kernelPackage(): string | undefined {
  const shown = () => tool('apt-cache', ['show', '--no-all-versions', 'linux-image-cloud-amd64']).stdout
  let text = shown()
  if (text === '' && process.getuid?.() === 0) {
    tool('apt-get', ['update', '-q'])
    text = shown()
  }
  const name = /^Depends:.*?\b(linux-image-[0-9][^ ,]*)/m.exec(text)?.[1]
  const version = /^Version: (.*)$/m.exec(text)?.[1]
  return name === undefined || version === undefined ? undefined : `${name}=${version}`
}

function build(work: string, kernel: string): string {
  must('sh', ['-ec', 'cd "$1" && apt-get download -q "$2" busybox-static', 'sh', work, kernel])
  for (const name of readdirSync(work)) must('dpkg-deb', ['-x', join(work, name), join(work, 'unpacked')])
  const unpacked = join(work, 'unpacked')
  const boot = readdirSync(join(unpacked, 'boot')).find((name) => name.startsWith('vmlinuz-'))
  if (boot === undefined) throw new Error(`${kernel} has no kernel`)
  const busybox = readFileSync(join(unpacked, 'bin/busybox'))
  const tree = join(work, 'iso')
  const casper = join(tree, 'casper')
  mkdirSync(casper, { recursive: true })
  mkdirSync(join(tree, '.disk'))
  writeFileSync(join(tree, '.disk/info'), `Ubuntu-Server 20.04 "Stand-in" - ${kernel}\n`)
  writeFileSync(join(casper, 'install-sources.yaml'), '- id: ubuntu-server\n  default: true\n')
  copyFileSync(join(unpacked, 'boot', boot), join(casper, 'vmlinuz'))
  writeFileSync(join(casper, 'initrd'), installerInitrd(busybox, unpacked))
  packSystem(join(work, 'system'), busybox, unpacked, join(casper, 'system.tar'))
  const iso = join(work, 'stand-in.iso')
  must('xorriso', ['-as', 'mkisofs', '-quiet', '-V', 'Stand-in', '-J', '-r', '-o', iso, tree])
  return iso
}

function installerInitrd(busybox: Buffer, unpacked: string): Buffer {
  return cpio([
    ...folders(['bin', 'dev', 'modules', 'etc', 'lib64', 'usr', 'usr/bin', 'usr/sbin']),
    { path: 'dev/console', kind: 'character', major: 5, minor: 1 },
    { path: 'bin/busybox', kind: 'file', content: busybox, mode: 0o755 },
    ...scripts({
      init: 'installer-init.sh',
      'common.sh': 'common.sh',
      'udhcpc.sh': 'udhcpc.sh',
      'usr/bin/curtin': 'curtin.sh',
    }),
    { path: 'flatten.awk', kind: 'file', content: source('flatten.awk') },
    ...moduleEntries(unpacked, installerModules),
    ...programs(['sfdisk', 'mke2fs', 'dash', 'tar', 'gzip', 'dpkg-query', 'find']),
    { path: 'etc/mke2fs.conf', kind: 'file', content: readFileSync('/etc/mke2fs.conf') },
  ])
}

function systemInitrd(busybox: Buffer, unpacked: string): Buffer {
  return cpio([
    ...folders(['bin', 'dev', 'modules']),
    { path: 'dev/console', kind: 'character', major: 5, minor: 1 },
    { path: 'bin/busybox', kind: 'file', content: busybox, mode: 0o755 },
    ...scripts({ init: 'initrd-init.sh', 'common.sh': 'common.sh' }),
    ...moduleEntries(unpacked, systemModules),
  ])
}

const folders = (paths: readonly string[]): CpioEntry[] => paths.map((path) => ({ path, kind: 'folder' }))

const scripts = (files: Readonly<Record<string, string>>): CpioEntry[] =>
  Object.entries(files).map(([path, name]) => ({ path, kind: 'file', content: source(name), mode: 0o755 }))

/** The modules and what they depend on, each after its own: `modules/order` is the order in which they can be loaded. */
function moduleEntries(unpacked: string, wanted: readonly string[]): CpioEntry[] {
  const root = join(unpacked, 'lib/modules')
  const files = new Map(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ko'))
      .map((path) => [moduleName(path), join(root, path)]),
  )
  const ordered = new Map<string, Buffer>()
  const add = (name: string): void => {
    const file = files.get(moduleName(name))
    if (file === undefined || ordered.has(basename(file))) return
    const content = readFileSync(file)
    // The section .modinfo holds `key=value` with a zero byte after each.
    const depends = /\0depends=([^\0]*)\0/.exec(content.toString('latin1'))?.[1] ?? ''
    for (const other of depends.split(',')) add(other)
    ordered.set(basename(file), content)
  }
  for (const name of wanted) add(name)
  return [
    ...[...ordered].map(([name, content]): CpioEntry => ({ path: `modules/${name}`, kind: 'file', content })),
    { path: 'modules/order', kind: 'file', content: Buffer.from(`${[...ordered.keys()].join('\n')}\n`) },
  ]
}

/** Names of modules use - and _ alike. */
const moduleName = (path: string): string => basename(path, '.ko').replaceAll('-', '_')

/** Programs of this machine with their libraries. */
function programs(names: readonly string[]): CpioEntry[] {
  const entries = new Map<string, CpioEntry>()
  const add = (path: string, file: string): void => {
    const parent = dirname(path)
    if (parent !== '.' && !entries.has(parent)) addFolder(parent)
    entries.set(path, { path, kind: 'file', content: readFileSync(file), mode: 0o755 })
  }
  const addFolder = (path: string): void => {
    if (dirname(path) !== '.') addFolder(dirname(path))
    entries.set(path, { path, kind: 'folder' })
  }
  for (const name of names) {
    const file = must('sh', ['-c', 'command -v "$1"', 'sh', name]).trim()
    add(`usr/bin/${name}`, file)
    for (const [, library] of must('ldd', [file]).matchAll(/(\/\S+) \(0x/g)) {
      if (library !== undefined) add(library.slice(1), library)
    }
  }
  return [...entries.values()]
}

/** The tree that is installed, as a tar owned by root. */
function packSystem(tree: string, busybox: Buffer, unpacked: string, tar: string): void {
  const file = (path: string, content: string | Uint8Array, mode = 0o644) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    writeFileSync(join(tree, path), content)
    chmodSync(join(tree, path), mode)
  }
  for (const folder of [
    'proc',
    'sys',
    'dev',
    'run',
    'tmp',
    'root',
    'boot',
    'mnt',
    'var/log',
    'var/lib/systemd',
    'etc/ssh',
    'etc/netplan',
    'etc/cloud/cloud.cfg.d',
    'etc/systemd/network',
    'etc/systemd/system',
    'etc/default',
    'var/tmp',
    'var/lib/apt/lists',
    'var/lib/cloud',
    'var/lib/dpkg/info',
    'var/lib/dpkg/updates',
    'var/cache/apt/archives',
    'lib/modules',
  ])
    mkdirSync(join(tree, folder), { recursive: true })
  file('bin/busybox', busybox, 0o755)
  for (const line of must(join(unpacked, 'bin/busybox'), ['--list-full']).trim().split('\n')) {
    mkdirSync(dirname(join(tree, line)), { recursive: true })
    if (line !== 'sbin/init' && line !== 'bin/busybox') symlinkSync('/bin/busybox', join(tree, line))
  }
  for (const name of recorded) {
    rmSync(join(tree, 'usr/bin', name), { force: true })
    file(`usr/bin/${name}`, source('recorded-command.sh'), 0o755)
  }
  file('sbin/init', source('system-init.sh'), 0o755)
  file('usr/lib/stand-in/common.sh', source('common.sh'))
  file('boot/initrd.img', systemInitrd(busybox, unpacked))
  file(
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  )
  file('etc/group', 'root:x:0:\nnogroup:x:65534:\n')
  file('etc/shadow', 'root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n', 0o640)
  file(
    'etc/os-release',
    'NAME="Ubuntu"\nVERSION_ID="20.04"\nID=ubuntu\nPRETTY_NAME="Stand-in for Ubuntu 20.04"\n',
  )
  file('etc/ssh/ssh_host_ed25519_key', 'of the stand-in\n', 0o600)
  file('var/lib/systemd/random-seed', 'of the stand-in\n', 0o600)
  file(
    'var/lib/dpkg/status',
    'Package: stand-in\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n\n',
  )
  must('tar', ['-C', tree, '--owner=0', '--group=0', '--numeric-owner', '-cf', tar, '.'])
}
