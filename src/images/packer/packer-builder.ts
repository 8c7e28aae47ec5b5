import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandResult } from '../../model/command.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../modules/module.ts'
import { sh } from '../../util/sh.ts'
import { renderInstallerSeed } from '../autoinstall/installer-seed.ts'
import { type BuildReport, lineSplitter, paced } from '../build-report.ts'
import { finishDisk, type InstalledSystem } from '../disk/finish-disk.ts'
import type { Builder } from '../ensure-image.ts'
import type { PackerImage } from '../image.ts'
import { installerFailure } from '../installer/failure.ts'
import { installerLimits } from '../installer/limits.ts'
import type { InstallerSuccess } from '../installer/outcome.ts'
import { superviseInstaller } from '../installer/supervise.ts'
import { openWebhook, type Webhook } from '../installer/webhook.ts'
import type { Manifest } from '../manifest.ts'
import { convertProgress } from '../progress.ts'
import { fileDigest } from '../source/digest.ts'
import { extractBoot } from '../source/extract.ts'
import { type ObtainedSource, obtainSource } from '../source/obtain.ts'
import { fileRecords } from '../store.ts'
import { keepEvidence } from './evidence.ts'
import { endPacker, packerCommand, type TemplateVariables, workFiles } from './packer-command.ts'
import { type PackerMachine, packerMachine, requirePackerMachine } from './packer-machine.ts'

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
    await this.#must(
      this.#host,
      sh`install -d -m 700 -o ${this.#machine.user} ${this.#folder}`,
      'the folder of the build cannot be made',
    )
    await this.#must(
      this.#controller,
      sh`mkdir ${this.#folder}/installer`,
      'the folder of the build is not writable',
    )
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
    const nonce = randomBytes(16).toString('hex')
    const webhook = await openWebhook({ logsFile: join(this.#folder, 'reported-logs.tar.gz') })
    let installed: { success: InstallerSuccess; accelerator: Accelerator }
    try {
      installed = await this.#phase('install', () => this.#install(source, nonce, webhook))
    } finally {
      await webhook.close()
    }
    const system = await this.#phase('check', () => this.#check(nonce, secretsOf(webhook)))
    await this.#phase('convert', () => this.#convert())
    return await this.#handOver(source, installed.success, installed.accelerator, system)
  }

  async #phase<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now()
    this.#report.progress({ text: `${name}: starting` })
    const value = await work()
    this.#durations[name] = Math.round(performance.now() - started) / 1000
    return value
  }

  /** Boots the installer and waits until it has proven its success. Throws what went wrong otherwise. */
  async #install(source: ObtainedSource, nonce: string, webhook: Webhook) {
    const { controller, signal } = this.#options
    const folder = this.#folder
    const kernel = join(folder, 'installer', 'vmlinuz')
    const accelerator = await this.#options.accelerator(kernel, await fileDigest(kernel, signal))
    this.#report.note('info', `the installer runs under ${accelerator.type}: ${accelerator.reason}`)
    const seed = renderInstallerSeed(this.#image, {
      nonce,
      webhookUrl: webhook.url,
      logsPort: 'hvlab.logs',
      keepOnError: this.#options.keepOnError,
    })
    await this.#writeSeed(seed)
    await this.#writeVariables(source.path, accelerator.type, seed.kernelArguments)
    const template = join(this.#image.folder, this.#image.file.template)
    const output = lineSplitter((line) => {
      if (line.trim() !== '') this.#report.output('stdout', line)
    })
    const place = await open(folder)
    try {
      const child = controller.run(packerCommand(template, folder, this.#workFolder), {
        onOutput: (_stream, text) => output(text),
      })
      const outcome = await superviseInstaller({
        qmpSocket: `/proc/self/fd/${place.fd}/${workFiles.qmp}`,
        serialFile: join(folder, workFiles.serial),
        webhook,
        nonce,
        child,
        signal,
        onProgress: ({ text, done, total }) =>
          this.#report.progress({ text: `install: ${text}`, done, total, unit: 'steps' }),
        limits: this.#limits(accelerator.type),
      })
      if (outcome.kind === 'failed') {
        signal.throwIfAborted()
        const kept = await keepEvidence(folder, this.#options.evidence, secretsOf(webhook))
        if (this.#options.keepOnError) {
          this.#report.note(
            'warning',
            `${installerFailure(outcome, kept).message}; the machine is kept: look at ${join(folder, workFiles.serial)}, end it with Ctrl-C`,
          )
          await child
        }
        await controller.run(endPacker(folder))
        await child
        throw new FailureError(
          installerFailure({ ...outcome, ...(kept.logs === undefined ? {} : { logs: kept.logs }) }, kept),
        )
      }
      const ended = await child
      if (ended.exitCode !== 0) throw packerFailed(ended)
      return { success: outcome, accelerator }
    } finally {
      await place.close()
    }
  }

  #limits(type: 'kvm' | 'tcg') {
    const { stallSeconds, deadlineSeconds } = this.#options
    // As image.yml says: ten times as long without KVM.
    const minutes = this.#image.file.installer.deadline_minutes * (type === 'kvm' ? 1 : 10)
    return installerLimits(type, {
      deadlineSeconds: deadlineSeconds ?? minutes * 60,
      ...(stallSeconds === undefined ? {} : { stallSeconds }),
    })
  }

  /** The seed has what only this build knows: nobody else may read it, and its texts travel on stdin. */
  async #writeSeed(seed: { readonly userData: string; readonly metaData: string }): Promise<void> {
    const target = `${this.#folder}/${workFiles.seed}`
    await this.#must(
      this.#controller,
      {
        ...sh`(umask 077; set -e; d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; cat >"$d/user-data"; printf '%s' ${seed.metaData} >"$d/meta-data"; xorriso -as mkisofs -quiet -V cidata -J -r -o ${target} "$d/user-data" "$d/meta-data" >&2)`,
        stdin: seed.userData,
      },
      'the seed of the installer could not be written',
    )
  }

  async #writeVariables(iso: string, accelerator: 'kvm' | 'tcg', kernelArguments: string): Promise<void> {
    const { installer, disk } = this.#image.file
    const variables: TemplateVariables = {
      iso_url: iso,
      iso_checksum: 'none',
      kernel: 'installer/vmlinuz',
      initrd: 'installer/initrd',
      kernel_arguments: kernelArguments,
      seed: workFiles.seed,
      output_directory: workFiles.output,
      disk_name: workFiles.disk,
      disk_size: `${disk.size_gb}G`,
      memory: installer.memory_mb,
      cpus: installer.cpus,
      accelerator,
      cpu_model: accelerator === 'kvm' ? 'host' : 'max',
      qmp_socket: workFiles.qmp,
      serial_log: workFiles.serial,
      pid_file: workFiles.pid,
      logs_file: workFiles.logs,
      skip_compaction: true,
    }
    const text = new TextEncoder().encode(`${JSON.stringify(variables, null, 2)}\n`)
    await this.#controller.put(text, `${this.#folder}/${workFiles.variables}`, { mode: 0o600 })
  }

  /** Reads the disk back: what Packer calls a success may be anything. */
  async #check(nonce: string, secrets: readonly string[]): Promise<InstalledSystem> {
    const folder = this.#folder
    await this.#must(
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
    await this.#must(
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
    await this.#must(
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

  async #must(
    host: HostAccess,
    command: Parameters<HostAccess['run']>[0],
    message: string,
    onOutput?: (stream: 'stdout' | 'stderr', text: string) => void,
  ): Promise<CommandResult> {
    const result = await host.run(command, onOutput === undefined ? {} : { onOutput })
    if (result.exitCode === 0) return result
    throw new FailureError({
      reason: 'module',
      code: 'image-build-failed',
      message: `${message} (exit code ${result.exitCode})`,
      ...(/No space left on device/.test(result.stderr)
        ? { hint: 'Free some disk space where the image store is: a build needs about 8 GB.' }
        : {}),
      details: result.stderr.trim().split('\n').slice(-20).join('\n'),
    })
  }
}

/** What only this build knows: it must be in no log and not in the image. */
function secretsOf(webhook: Webhook): string[] {
  return [new URL(webhook.url).pathname.replaceAll('/', '')]
}

function packerFailed({ exitCode, stdout, stderr }: CommandResult): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'packer-failed',
    message: `packer failed after the installation (exit code ${exitCode})`,
    details: `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n'),
  })
}
