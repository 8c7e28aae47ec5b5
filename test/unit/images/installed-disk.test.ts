import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { DiskFiles } from '../../../src/images/disk/file-system.ts'
import { finishDisk } from '../../../src/images/disk/finish-disk.ts'
import { setInodeTimes, usedInodes } from '../../../src/images/disk/inode-times.ts'
import { readPartitions, tableBytes } from '../../../src/images/disk/partitions.ts'
import { type Failure, FailureError } from '../../../src/model/failure.ts'
import { must } from '../../support/tool.ts'
import { openLocalHost } from './local-host.ts'

const mebibyte = 1024 ** 2
const nonce = '0123456789abcdef'
const kernel = Buffer.concat([Buffer.alloc(514), Buffer.from('HdrS'), Buffer.alloc(1000)])

/** What an installed and generalised system has; keys are paths, a value that begins with → is a link. */
const clean: Readonly<Record<string, string | Buffer>> = {
  'boot/vmlinuz-5.4.0-1-generic': kernel,
  'boot/vmlinuz': '→vmlinuz-5.4.0-1-generic',
  'boot/initrd.img-5.4.0-1-generic': 'an initrd',
  'boot/initrd.img': '→initrd.img-5.4.0-1-generic',
  'etc/machine-id': '',
  'etc/hvlab-image': `nonce=${nonce}\n`,
  'etc/os-release': '→../usr/lib/os-release',
  'usr/lib/os-release': 'NAME="Ubuntu"\nVERSION_CODENAME=focal\n',
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/usr/sbin/nologin\n',
  'etc/shadow': 'root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n',
  'var/lib/dpkg/status':
    'Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.2\n\n' +
    'Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 2\n\n' +
    'Package: adduser\nStatus: install ok installed\nArchitecture: all\nVersion: 3.118\n',
}

/** A raw disk with GPT, a GRUB partition and an ext4 root file system that holds these files. */
function disk(t: Test, files: Readonly<Record<string, string | Buffer>>): string {
  const folder = t.testdir()
  const tree = join(folder, 'tree')
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    if (typeof content === 'string' && content.startsWith('→'))
      symlinkSync(content.slice(1), join(tree, path))
    else writeFileSync(join(tree, path), content)
  }
  const raw = join(folder, 'disk.raw')
  must('truncate', ['-s', '40M', raw])
  must('sfdisk', ['-q', raw], 'label: gpt\nsize=1MiB,type=21686148-6449-6E6F-744E-656564454649\n,\n')
  must('mke2fs', ['-q', '-t', 'ext4', '-d', tree, '-E', `offset=${2 * mebibyte}`, raw, '37M'])
  return raw
}

async function finish(t: Test, files: Readonly<Record<string, string | Buffer>>, secrets = ['no secret']) {
  await using host = await openLocalHost()
  const raw = disk(t, files)
  const boot = { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img', cmdline: 'root=/dev/vda2' }
  const folder = dirname(raw)
  const failure: { failure?: Failure } = {}
  const system = await finishDisk(host, raw, folder, { boot }, { nonce, secrets }).catch((error: unknown) => {
    if (!(error instanceof FailureError)) throw error
    failure.failure = error.failure
  })
  return { system, failure: failure.failure, folder, raw, host }
}

t.test('a clean system: its kernel, its packages, nothing taken out', async (t) => {
  const { system, failure, folder } = await finish(t, clean)
  t.equal(failure, undefined)
  t.same(system, {
    kernelVersion: '5.4.0-1-generic',
    suite: 'focal',
    packages: [
      { name: 'adduser', version: '3.118', architecture: 'all' },
      { name: 'zlib1g', version: '1:1.2', architecture: 'amd64' },
    ],
    removed: [],
  })
  t.same(readFileSync(join(folder, 'vmlinuz')), kernel)
  t.equal(readFileSync(join(folder, 'initrd'), 'utf8'), 'an initrd')
})

t.test('what the installer puts back is taken out, content and all', async (t) => {
  const { system, failure, raw } = await finish(
    t,
    {
      ...clean,
      'etc/ssh/ssh_host_ed25519_key': 'a host key',
      'etc/ssh/sshd_config': 'PasswordAuthentication no\n',
      'etc/cloud/cloud.cfg.d/99-installer.cfg': 'datasource_list: [None]\n',
      'etc/netplan/00-installer-config.yaml': 'network: {}\n',
      'var/log/installer/autoinstall-user-data': 'token-of-this-build',
      'var/log/installer/block/probe-data.json': '{}',
      'swap.img': Buffer.alloc(100_000, 1),
    },
    ['token-of-this-build'],
  )
  t.equal(failure, undefined)
  t.same(system?.removed, [
    '/etc/cloud/cloud.cfg.d/99-installer.cfg',
    '/swap.img',
    '/etc/ssh/ssh_host_ed25519_key',
    '/etc/netplan/00-installer-config.yaml',
    '/var/log/installer/autoinstall-user-data',
    '/var/log/installer/block',
  ])
  await using host = await openLocalHost()
  const files = await DiskFiles.open(host, raw)
  t.same(await files.list('/var/log/installer'), [])
  t.same(await files.list('/etc/ssh'), ['sshd_config'])
  t.equal(must('e2fsck', ['-fn', files.device]).includes('Pass 5'), true)
})

t.test('what makes a disk no image, all at once', async (t) => {
  const hint =
    'See late-commands in the image’s user-data, and what its packages or its publisher leave behind.'
  const cases: [files: Readonly<Record<string, string | Buffer>>, message: string][] = [
    [
      { ...clean, 'etc/hvlab-image': 'nonce=other\n' },
      'the last step of the installation did not run: its marker is not on the disk',
    ],
    [
      {
        ...clean,
        'etc/machine-id': `${'a'.repeat(32)}\n`,
        'etc/passwd': 'root:x:0:0::/root:/bin/sh\nubuntu:x:1000:1000::/home/ubuntu:/bin/bash\n',
        'etc/shadow': 'root:$6$salt$hash:19000::::::\n',
        'home/ubuntu/note': 'token-of-this-build',
      },
      '/etc/machine-id is not empty, so all guests would be the same machine; there is a user ubuntu; user root has a password; a secret of the build is on the disk',
    ],
    [{ ...clean, 'boot/vmlinuz': '→nowhere' }, '/boot/vmlinuz is missing'],
    [
      { ...clean, 'boot/vmlinuz-5.4.0-1-generic': 'text, long enough'.repeat(100) },
      '/boot/vmlinuz is not a Linux kernel',
    ],
  ]
  for (const [files, message] of cases) {
    const { failure } = await finish(t, files, ['token-of-this-build'])
    t.equal(failure?.code, 'image-check-failed')
    t.equal(failure?.message, `the installed disk is not what it should be: ${message}`)
    t.equal(failure?.hint, hint)
  }
})

t.test('a disk on which nothing was installed', async (t) => {
  await using host = await openLocalHost()
  const folder = t.testdir()
  const raw = join(folder, 'disk.raw')
  must('truncate', ['-s', '40M', raw])
  const message = async () => {
    try {
      await DiskFiles.open(host, raw)
      return 'opened'
    } catch (error) {
      return error instanceof FailureError ? error.message : String(error)
    }
  }
  t.equal(await message(), 'nothing is installed on the disk: it has no partition table')
  must('sfdisk', ['-q', raw], 'label: dos\nsize=1MiB,type=83\nsize=10MiB,type=83\n')
  t.same(readPartitions(readFileSync(raw).subarray(0, tableBytes)), [
    { number: 1, start: mebibyte, size: mebibyte },
    { number: 2, start: 2 * mebibyte, size: 10 * mebibyte },
  ])
  t.equal(
    await message(),
    'nothing is installed on the disk: none of its 2 partitions has an ext4 file system',
  )
})

t.test('inodes that are used, out of what dumpe2fs prints', async (t) => {
  const text = `Inode count:              40
Inodes per group:         20
Group 0: (Blocks 0-32767) csum 0x9b8d
  Free inodes: 13-14, 17
Group 1: (Blocks 32768-65535)
  Free inodes: 22-40
Group 2: (Blocks 65536-98303)
  Free inodes: 
`
  t.same(usedInodes(text), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 18, 19, 20, 21])
  t.same(usedInodes('nonsense'), [])
})

t.test('all times of a file system are set, and it stays sound', async (t) => {
  await using host = await openLocalHost()
  const folder = t.testdir({ tree: { etc: { hostname: 'hvlab' } } })
  const raw = join(folder, 'disk.raw')
  must('truncate', ['-s', '16M', raw])
  must('mke2fs', ['-q', '-t', 'ext4', '-d', join(folder, 'tree'), raw])
  t.equal(await setInodeTimes(host, raw, 1_700_000_000), undefined)
  const stat = must('debugfs', ['-R', 'stat /etc/hostname', raw])
  t.match(stat, /ctime: 0x6553f100/)
  t.match(stat, /atime: 0x6553f100/)
  must('e2fsck', ['-fn', raw])
  const wrong = await setInodeTimes(host, join(folder, 'nothing.raw'), 1_700_000_000)
  t.match(wrong?.stderr, /No such file or directory while trying to open/)
})
