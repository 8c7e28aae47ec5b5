import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../../src/images/manifest.ts'
import { must } from './tool.ts'

const mebibyte = 1024 ** 2
const sector = 512

/** As Ubuntu 20.04's cloud image has it: BIOS boot and EFI first, and the root file system, number 1, at the end. */
const table = `label: gpt
14: start=2048, size=4MiB, type=21686148-6449-6E6F-744E-656564454649
15: size=106MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
1: start=227328, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4
`
/** Of the root file system, in bytes. */
export const rootStart = 227_328 * sector
const rootSize = 4_382_720 * sector
const diskSize = 2252 * mebibyte

/**
 * Makes a disk as publishers offer it for clouds, in `folder`, out of a `debian-12` of a store: the same partitions,
 * file system, journal and links as Ubuntu's, kernel and initrd inside, and nothing of a machine. `files` are added: path in the
 * image → file here. Returns the path of a qcow2.
 */
export function publishedDisk(
  image: Pick<Manifest, 'kernel_version'> & { readonly folder: string },
  folder: string,
  files: Readonly<Record<string, string>>,
): string {
  const system = join(folder, 'system.raw')
  must('qemu-img', ['convert', '-O', 'raw', join(image.folder, 'image.qcow2'), system])
  // A journal of 64 MiB is what mke2fs gives to a file system of this size; the smaller one of debian-12 has not the
  // room that Linux wants for growing by five times while it is mounted.
  must('tune2fs', ['-O', '^has_journal', system])
  must('resize2fs', ['-f', system, `${rootSize / sector}s`])
  must('truncate', ['-s', String(rootSize), system])
  must('tune2fs', ['-J', 'size=64', system])
  const { kernel_version: version } = image
  const added = {
    [`/boot/vmlinuz-${version}`]: join(image.folder, 'vmlinuz'),
    [`/boot/initrd.img-${version}`]: join(image.folder, 'initrd'),
    ...files,
  }
  must(
    'debugfs',
    ['-w', '-f', '-', system],
    [
      ...Object.entries(added).flatMap(([path, from]) => [`rm ${path}`, `write ${from} ${path}`]),
      `symlink /boot/vmlinuz vmlinuz-${version}`,
      `symlink /boot/initrd.img initrd.img-${version}`,
      '',
    ].join('\n'),
  )
  const disk = join(folder, 'published.raw')
  writeFileSync(disk, '')
  must('truncate', ['-s', String(diskSize), disk])
  must('sfdisk', ['-q', disk], table)
  must('dd', [
    ...[`if=${system}`, `of=${disk}`, 'bs=1M', `seek=${rootStart / mebibyte}`],
    ...['conv=notrunc,sparse', 'status=none'],
  ])
  rmSync(system)
  const published = join(folder, 'published.img')
  must('qemu-img', ['convert', '-W', '-m', '2', '-O', 'qcow2', disk, published])
  rmSync(disk)
  return published
}
