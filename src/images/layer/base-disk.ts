import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { sh } from '../../util/sh.ts'
import type { BuildReport } from '../build-report.ts'
import { DiskFiles } from '../disk/file-system.ts'
import type { CloudImage } from '../image.ts'
import type { Manifest } from '../manifest.ts'
import { must } from '../packer/must.ts'
import { insteadOfDownload } from '../packer/quicker-images.ts'
import { obtainSource } from '../source/obtain.ts'

/** What a layer is put above, on the controller. */
export interface BaseDisk {
  /** Key of an image in the store, or the SHA-256 of a published disk. */
  readonly key: string
  /** A qcow2. */
  readonly disk: string
  /** What the machine boots, outside of the disk. */
  readonly kernel: string
  readonly initrd: string
  readonly told: Pick<Manifest, 'source' | 'installation'>
}

/**
 * The disk that its publisher offers for download; kernel and initrd are read out of it, without mounting it, into
 * `folder`.
 */
export async function publishedDisk(
  controller: HostAccess,
  image: CloudImage,
  folder: string,
  options: { readonly iso?: string | undefined; readonly signal: AbortSignal },
  report: BuildReport,
): Promise<BaseDisk> {
  const { source, boot, disk } = image.file
  const instead = insteadOfDownload(image)
  const { path, name, signature } = await obtainSource(controller, source, { ...options, instead }, report)
  report.progress({ text: 'source: reading kernel and initrd' })
  await checkPublished(controller, path, name, disk.size_gb)
  const raw = join(folder, 'published.raw')
  await must(
    controller,
    sh`qemu-img convert -f qcow2 -W -m 4 -O raw ${path} ${raw}`,
    'the published disk could not be read',
  )
  const files = await DiskFiles.open(controller, raw)
  const kernel = join(folder, 'vmlinuz')
  const initrd = join(folder, 'initrd')
  for (const [from, to] of [
    [boot.kernel, kernel],
    [boot.initrd, initrd],
  ] as const) {
    if (!(await files.copyOut(from, to))) throw unfit(name, `it has no ${from}`)
  }
  await must(controller, sh`rm ${raw}`, 'the published disk could not be removed')
  const told = { source: { file: name, sha256: source.sha256, signature } }
  return { key: source.sha256, disk: path, kernel, initrd, told }
}

/**
 * Its head (docs/interop/qcow2.rst of QEMU): magic 0, version 4, offset of the backing file's name 8, size 24, features
 * that a reader must know 72; of these, 4 means that the data are in another file.
 */
async function checkPublished(
  controller: HostAccess,
  path: string,
  name: string,
  sizeGb: number,
): Promise<void> {
  const file = await open(path)
  const head = Buffer.alloc(80)
  await file.read(head, 0, head.length, 0).finally(() => file.close())
  if (head.toString('latin1', 0, 4) !== 'QFI\xfb') throw unfit(name, 'it is not a qcow2')
  const features = head.readUInt32BE(4) < 3 ? 0n : head.readBigUInt64BE(72)
  if (head.readBigUInt64BE(8) !== 0n || (features & 4n) !== 0n)
    throw unfit(name, 'a part of it is in another file')
  const bytes = Number(head.readBigUInt64BE(24))
  if (bytes > sizeGb * 1024 ** 3) {
    const least = Math.ceil(bytes / 1024 ** 3)
    throw unfit(name, `its disk has ${least} GiB, image.yml asks for ${sizeGb} (disk: size_gb)`)
  }
  await must(controller, sh`qemu-img check -q -f qcow2 ${path} >&2`, 'the published disk is not sound')
}

function unfit(name: string, why: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'image-base-unfit',
    message: `${name} cannot be the base of an image: ${why}`,
    hint: 'A disk as publishers offer it for clouds is needed: a qcow2 with partitions, ext4, and its own kernel.',
  })
}
