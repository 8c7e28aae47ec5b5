import { join } from 'node:path'
import type { HostAccess } from '../../model/host-access.ts'
import { sh } from '../../util/sh.ts'
import { type BuildReport, lineSplitter, paced } from '../build-report.ts'
import { type DiskProof, finishDisk, type InstalledSystem } from '../disk/finish-disk.ts'
import type { CloudImageFile } from '../file/cloud.ts'
import type { PackerImageFile } from '../file/packer.ts'
import type { CloudImage, PackerImage } from '../image.ts'
import type { Manifest } from '../manifest.ts'
import { convertProgress } from '../progress.ts'
import { fileRecords } from '../store.ts'
import { must } from './must.ts'
import { workFiles } from './packer-command.ts'

/**
 * A folder of the controller's user inside a store's work folder: Packer leaves a disk in it, which is checked, made an
 * image, and handed to the store's owner. Counts the seconds of every phase.
 */
export class BuildFolder {
  readonly path: string
  readonly workFolder: string
  readonly controller: HostAccess
  readonly durations: Record<string, number> = {}
  readonly #host: HostAccess
  readonly #report: BuildReport

  private constructor(host: HostAccess, controller: HostAccess, workFolder: string, report: BuildReport) {
    this.#host = host
    this.controller = controller
    this.workFolder = workFolder
    this.path = join(workFolder, 'build')
    this.#report = report
  }

  /** `user`: the controller user's id. */
  static async make(
    host: HostAccess,
    controller: HostAccess,
    workFolder: string,
    user: string,
    report: BuildReport,
  ): Promise<BuildFolder> {
    const folder = new BuildFolder(host, controller, workFolder, report)
    await must(
      host,
      sh`install -d -m 700 -o ${user} ${folder.path}`,
      'the folder of the build cannot be made',
    )
    await must(controller, sh`mkdir ${folder.path}/boot`, 'the folder of the build is not writable')
    return folder
  }

  async phase<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now()
    this.#report.progress({ text: `${name}: starting` })
    const value = await work()
    this.durations[name] = Math.round(performance.now() - started) / 1000
    return value
  }

  /** Reads the disk back: what Packer calls a success may be anything. */
  async check(
    file: Pick<PackerImageFile | CloudImageFile, 'boot'>,
    proof: DiskProof,
  ): Promise<InstalledSystem> {
    const disk = `${workFiles.output}/${workFiles.disk}`
    await must(
      this.controller,
      sh`(set -e; cd ${this.path}; qemu-img check -q ${disk} >&2; qemu-img convert -W -m 4 -O raw ${disk} disk.raw; rm -rf ${workFiles.output})`,
      'the disk that Packer left is not sound',
    )
    return await finishDisk(this.controller, `${this.path}/disk.raw`, this.path, file, proof)
  }

  async convert(): Promise<void> {
    const show = paced(this.#report)
    const split = lineSplitter((line) => show(convertProgress(line)))
    await must(
      this.controller,
      sh`(cd ${this.path} && qemu-img convert -p -W -m 4 -f raw -O qcow2 disk.raw image.qcow2 && rm disk.raw && qemu-img check -q image.qcow2 >&2)`,
      'qemu-img could not write the image',
      (_stream, text) => split(text),
    )
  }

  /** Moves what is finished into the work folder, and writes the manifest with it. */
  async handOver(
    { key, name, file }: PackerImage | CloudImage,
    { kernelVersion, suite, packages }: InstalledSystem,
    told: Pick<Manifest, 'tools' | 'source' | 'installation' | 'layer'>,
  ): Promise<Manifest> {
    await must(
      this.#host,
      sh`(set -e; cd ${this.path}; chown "$(id -u):$(id -g)" image.qcow2 vmlinuz initrd; mv image.qcow2 vmlinuz initrd ..; cd ..; rm -rf --one-file-system build)`,
      'the finished image could not be put into the store',
    )
    const manifest: Manifest = {
      ...{ version: 1, key, name, builder: file.builder },
      built_at: new Date().toISOString(),
      files: await fileRecords(this.#host, this.workFolder),
      virtual_size: file.disk.size_gb * 1024 ** 3,
      kernel_version: kernelVersion,
      cmdline: file.boot.cmdline,
      login_user: file.login.user,
      suite,
      mirrors: [],
      packages: [...packages],
      durations: this.durations,
      ...told,
    }
    const text = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`)
    await this.#host.put(text, `${this.workFolder}/manifest.json`, { mode: 0o644 })
    return manifest
  }
}
