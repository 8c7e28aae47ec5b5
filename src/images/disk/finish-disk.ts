import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { sh } from '../../util/sh.ts'
import type { PackerImageFile } from '../file/packer.ts'
import type { Manifest } from '../manifest.ts'
import { installedPackages } from './dpkg-status.ts'
import { DiskFiles } from './file-system.ts'
import { accounts, leftovers, removeLeftovers } from './generalised.ts'

export interface InstalledSystem {
  readonly kernelVersion: string
  /** Code name of the distribution's release, e.g. focal; empty when it has none. */
  readonly suite: string
  readonly packages: Manifest['packages']
  /** What had to be taken out of the image because the installer left it, as paths. */
  readonly removed: readonly string[]
}

/** What only this build knows: one must be on the disk, the others must not. */
export interface DiskProof {
  readonly nonce: string
  readonly secrets: readonly string[]
}

/** Written into the image by the last step of the installation. */
const markerFile = '/etc/hvlab-image'

/**
 * Looks at an installed disk without mounting it: that this build wrote it, that its file system is clean, that nothing
 * is in it that guests must not share. Takes out files that the installer left, gives freed blocks back, and copies
 * kernel and initrd to `folder`. Throws `image-check-failed` with all that is wrong.
 */
export async function finishDisk(
  host: HostAccess,
  raw: string,
  folder: string,
  file: Pick<PackerImageFile, 'boot'>,
  proof: DiskProof,
): Promise<InstalledSystem> {
  const disk = await DiskFiles.open(host, raw)
  const marker = await disk.read(markerFile)
  if (marker?.split('\n').includes(`nonce=${proof.nonce}`) !== true) {
    throw failed(['the last step of the installation did not run: its marker is not on the disk'])
  }
  const removed = await removeLeftovers(disk)
  // Freed blocks leave the file and with them what was in them; a journal that must be replayed is an error.
  const checked = await host.run(
    sh`PATH="$PATH:/usr/sbin:/sbin"; e2fsck -fn ${disk.device} && e2fsck -fy -E discard ${disk.device}`,
  )
  if (checked.exitCode !== 0) throw failed(['its file system has errors'], checked.stdout)
  const wrong = [
    ...(await leftovers(disk)),
    ...accounts((await disk.read('/etc/passwd')) ?? '', (await disk.read('/etc/shadow')) ?? ''),
  ]
  // Only with -z grep leaves out holes, most of a disk, and it ends a line at a zero byte; the secrets travel on stdin.
  if (proof.secrets.length > 0) {
    const search = await host.run({
      ...sh`LC_ALL=C grep -z -q -a -F -f - ${raw}`,
      stdin: proof.secrets.join('\n'),
    })
    if (search.exitCode !== 1) wrong.push('a secret of the build is on the disk')
  }
  const kernel = await disk.resolve(file.boot.kernel)
  for (const [path, name] of [
    [file.boot.kernel, 'vmlinuz'],
    [file.boot.initrd, 'initrd'],
  ] as const) {
    if (!(await disk.copyOut(path, join(folder, name)))) wrong.push(`${path} is missing`)
  }
  if (wrong.length > 0) throw failed(wrong)
  const head = (await readFile(join(folder, 'vmlinuz'))).subarray(514, 518).toString('latin1')
  if (head !== 'HdrS') throw failed([`${file.boot.kernel} is not a Linux kernel`])
  return {
    kernelVersion: kernel?.replace(/^.*\/vmlinu[xz]-?/, '') || ((await disk.list('/lib/modules'))[0] ?? ''),
    suite: /^VERSION_CODENAME="?([a-z]+)/m.exec((await disk.read('/etc/os-release')) ?? '')?.[1] ?? '',
    packages: installedPackages((await disk.read('/var/lib/dpkg/status')) ?? ''),
    removed,
  }
}

function failed(wrong: readonly string[], details = ''): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'image-check-failed',
    message: `the installed disk is not what it should be: ${wrong.join('; ')}`,
    hint: 'See late-commands in the image’s user-data, and what its packages or its publisher leave behind.',
    ...(details.trim() === '' ? {} : { details: details.trim() }),
  })
}
