import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { HostAccess } from '../../modules/module.ts'
import { sh } from '../../util/sh.ts'
import { type BuildReport, lineSplitter, paced } from '../build-report.ts'
import { finishDisk, type InstalledSystem } from '../disk/finish-disk.ts'
import type { Builder } from '../ensure-image.ts'
import type { PackerImage } from '../image.ts'
import type { InstallerSuccess } from '../installer/outcome.ts'
import { openWebhook } from '../installer/webhook.ts'
import type { Manifest } from '../manifest.ts'
import { convertProgress } from '../progress.ts'
import { fileDigest } from '../source/digest.ts'
import { extractBoot } from '../source/extract.ts'
import { type ObtainedSource, obtainSource } from '../source/obtain.ts'
import { fileRecords } from '../store.ts'
import { install, secretsOf } from './installation.ts'
import { must } from './must.ts'
import { workFiles } from './packer-command.ts'
import { ensurePlugin, type PackerMachine, packerMachine, requirePackerMachine } from './packer-machine.ts'

export interface PackerOptions {
  /** The machine that hvlab runs on, as the user who runs it: Packer and QEMU need no root. */
  readonly controller: HostAccess
  readonly signal: AbortSignal
  /** An ISO of the user's instead of a download; its digest is checked alike. */
  readonly iso?: string | undefined
  /** After a failure the machine stays, with its console, until the user interrupts. */
  readonly keepOnError: boolean
  /** Chooses between KVM and TCG by a kernel that can be booted. */
  readonly accelerator: (kernel: string, digest: string) => Promise<Accelerator>
  /** Where the console and the installer's logs of a failed build are kept. */
  readonly evidence: string
  readonly stallSeconds?: number | undefined
  readonly deadlineSeconds?: number | undefined
}

interface Accelerator {
  readonly type: 'kvm' | 'tcg'
  readonly reason: string
}

/**
 * Builder `packer`: source → kernel and initrd → seed → Packer under supervision → checks → qcow2. Everything happens
 * as the controller's user in a folder of the store's work folder; what is finished is then handed to the store.
 */
export function packerBuilder(options: PackerOptions): Builder<PackerImage> {
  return async (host, image, workFolder, report) => {
    const machine = await options.controller.freshFact(packerMachine)
    requirePackerMachine(machine)
    return await new PackerBuild(host, image, workFolder, report, machine, options).run()
  }
}

class PackerBuild {
  readonly #host: HostAccess
  readonly #controller: HostAccess
  readonly #image: PackerImage
  readonly #workFolder: string
  readonly #folder: string
  readonly #report: BuildReport
  readonly #machine: PackerMachine
  readonly #options: PackerOptions
  readonly #durations: Record<string, number> = {}

  constructor(
    host: HostAccess,
    image: PackerImage,
    workFolder: string,
    report: BuildReport,
    machine: PackerMachine,
    options: PackerOptions,
  ) {
    this.#host = host
    this.#controller = options.controller
    this.#image = image
    this.#workFolder = workFolder
    this.#folder = join(workFolder, 'build')
    this.#report = report
    this.#machine = machine
    this.#options = options
  }

  async run(): Promise<Manifest> {
    const { file } = this.#image
    await must(
      this.#host,
      sh`install -d -m 700 -o ${this.#machine.user} ${this.#folder}`,
      'the folder of the build cannot be made',
    )
    await must(
      this.#controller,
      sh`mkdir ${this.#folder}/installer`,
      'the folder of the build is not writable',
    )
    await ensurePlugin(this.#controller, this.#machine, this.#image.folder)
    const source = await this.#phase('source', () =>
      obtainSource(
        this.#controller,
        file.source,
        { iso: this.#options.iso, signal: this.#options.signal },
        this.#report,
      ),
    )
    await this.#phase('extract', () =>
      extractBoot(this.#controller, source.path, file.installer, `${this.#folder}/installer`),
    )
    const accelerator = await this.#accelerator()
    const nonce = randomBytes(16).toString('hex')
    const webhook = await openWebhook({ logsFile: join(this.#folder, 'reported-logs.tar.gz') })
    let success: InstallerSuccess
    try {
      const { keepOnError, evidence, stallSeconds, deadlineSeconds } = this.#options
      const installation = {
        image: this.#image,
        folder: this.#folder,
        workFolder: this.#workFolder,
        iso: source.path,
        accelerator: accelerator.type,
        nonce,
        webhook,
        keepOnError,
        evidence,
        stallSeconds,
        deadlineSeconds,
      }
      success = await this.#phase('install', () =>
        install(installation, this.#controller, this.#options.signal, this.#report),
      )
    } finally {
      await webhook.close()
    }
    const system = await this.#phase('check', () => this.#check(nonce, secretsOf(webhook)))
    await this.#phase('convert', () => this.#convert())
    return await this.#handOver(source, success, accelerator, system)
  }

  async #phase<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now()
    this.#report.progress({ text: `${name}: starting` })
    const value = await work()
    this.#durations[name] = Math.round(performance.now() - started) / 1000
    return value
  }

  async #accelerator(): Promise<Accelerator> {
    const kernel = join(this.#folder, 'installer', 'vmlinuz')
    const accelerator = await this.#options.accelerator(
      kernel,
      await fileDigest(kernel, this.#options.signal),
    )
    this.#report.note('info', `the installer runs under ${accelerator.type}: ${accelerator.reason}`)
    return accelerator
  }

  /** Reads the disk back: what Packer calls a success may be anything. */
  async #check(nonce: string, secrets: readonly string[]): Promise<InstalledSystem> {
    const folder = this.#folder
    await must(
      this.#controller,
      sh`(set -e; cd ${folder}; qemu-img check -q ${`${workFiles.output}/${workFiles.disk}`} >&2; qemu-img convert -W -m 4 -O raw ${`${workFiles.output}/${workFiles.disk}`} disk.raw; rm -rf ${workFiles.output})`,
      'the disk that Packer left is not sound',
    )
    return await finishDisk(this.#controller, `${folder}/disk.raw`, folder, this.#image.file, {
      nonce,
      secrets,
    })
  }

  async #convert(): Promise<void> {
    const show = paced(this.#report)
    const split = lineSplitter((line) => show(convertProgress(line)))
    await must(
      this.#controller,
      sh`(cd ${this.#folder} && qemu-img convert -p -W -m 4 -f raw -O qcow2 disk.raw image.qcow2 && rm disk.raw && qemu-img check -q image.qcow2 >&2)`,
      'qemu-img could not write the image',
      (_stream, text) => split(text),
    )
  }

  async #handOver(
    source: ObtainedSource,
    success: InstallerSuccess,
    accelerator: Accelerator,
    system: InstalledSystem,
  ): Promise<Manifest> {
    const { file, name, key } = this.#image
    await must(
      this.#host,
      sh`(set -e; cd ${this.#folder}; chown "$(id -u):$(id -g)" image.qcow2 vmlinuz initrd; mv image.qcow2 vmlinuz initrd ..; cd ..; rm -rf --one-file-system build)`,
      'the finished image could not be put into the store',
    )
    for (const [phase, seconds] of Object.entries(success.durations))
      this.#durations[`install: ${phase}`] = seconds
    const manifest: Manifest = {
      version: 1,
      key,
      name,
      builder: file.builder,
      built_at: new Date().toISOString(),
      files: await fileRecords(this.#host, this.#workFolder),
      virtual_size: file.disk.size_gb * 1024 ** 3,
      kernel_version: system.kernelVersion,
      cmdline: file.boot.cmdline,
      login_user: file.login.user,
      suite: system.suite,
      mirrors: [],
      packages: [...system.packages],
      tools: { ...this.#machine.versions },
      durations: this.#durations,
      source: { file: source.name, sha256: file.source.sha256, signature: source.signature },
      installation: {
        accelerator: accelerator.type,
        updates: file.updates,
        events: success.events,
        proof: { ...success.proof, marker: 'read back from the disk' },
        removed: [...system.removed],
      },
    }
    const text = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`)
    await this.#host.put(text, `${this.#workFolder}/manifest.json`, { mode: 0o644 })
    return manifest
  }
}
