import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../../src/util/package-root.ts'

export interface StandInImage {
  /** The stand-in for the ISO: its digest is pinned. */
  readonly iso: string
  /** A word of the kernel's command line, `standin=SWITCH`, makes the installer fail. */
  readonly standIn?: string
  readonly url?: string
  readonly packages?: readonly string[]
}

/** Writes an image like ubuntu-20.04 into `folder`, from the stand-in. */
export function writeStandInImage(
  folder: string,
  { iso, standIn = '', url = 'http://127.0.0.1:9/stand-in.iso', packages = [] }: StandInImage,
): void {
  mkdirSync(folder, { recursive: true })
  for (const file of ['ubuntu.pkr.hcl', 'user-data'])
    copyFileSync(join(packageRoot, 'images', 'ubuntu-20.04', file), join(folder, file))
  const digest = createHash('sha256').update(readFileSync(iso)).digest('hex')
  writeFileSync(
    join(folder, 'image.yml'),
    `description: the stand-in
builder: packer
source: {urls: ["${url}"], sha256: ${digest}}
installer:
  version: "22.07.2"
  memory_mb: 512
  cpus: 1
  kernel_arguments: autoinstall ds=nocloud console=ttyS0,115200n8 panic=-1 ${standIn} ---
template: ubuntu.pkr.hcl
packages: [${packages.join(', ')}]
layer: {cpus: 1, memory_mb: 256}
disk: {size_gb: 1}
boot: {cmdline: "root=/dev/vda2 ro console=ttyS0,115200"}
login: {user: hvlab}
`,
  )
}
