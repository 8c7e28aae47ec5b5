import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandResult } from '../../model/command.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../modules/module.ts'
import { sh } from '../../util/sh.ts'
import { type InstallerSeed, renderInstallerSeed } from '../autoinstall/installer-seed.ts'
import { type BuildReport, lineSplitter } from '../build-report.ts'
import type { PackerImage } from '../image.ts'
import { installerFailure } from '../installer/failure.ts'
import { type InstallerLimits, installerLimits } from '../installer/limits.ts'
import type { InstallerFailed, InstallerSuccess } from '../installer/outcome.ts'
import { superviseInstaller } from '../installer/supervise.ts'
import type { Webhook } from '../installer/webhook.ts'
import { keepEvidence } from './evidence.ts'
import { must } from './must.ts'
import { endPacker, packerCommand, type TemplateVariables, workFiles } from './packer-command.ts'

/** One installation by Packer in a folder that has the installer's kernel and initrd in `installer/`. */
export interface Installation {
  readonly image: PackerImage
  /** On the controller; all paths of the template's variables are relative to it. */
  readonly folder: string
  /** What goes when hvlab itself is gone. */
  readonly workFolder: string
  readonly iso: string
  readonly accelerator: 'kvm' | 'tcg'
  readonly nonce: string
  readonly webhook: Webhook
  readonly keepOnError: boolean
  /** Where the console and the installer's logs are kept after a failure. */
  readonly evidence: string
  readonly stallSeconds?: number | undefined
  readonly deadlineSeconds?: number | undefined
}

/** Boots the installer and waits until it has proven its success. Throws what went wrong otherwise, nothing running. */
export async function install(
  installation: Installation,
  controller: HostAccess,
  signal: AbortSignal,
  report: BuildReport,
): Promise<InstallerSuccess> {
  const { image, folder, workFolder, nonce, webhook } = installation
  const { keepOnError } = installation
  const seed = renderInstallerSeed(image, { nonce, webhookUrl: webhook.url, keepOnError })
  await writeSeed(controller, folder, seed)
  const variables = JSON.stringify(templateVariables(installation, seed.kernelArguments), null, 2)
  await controller.put(new TextEncoder().encode(`${variables}\n`), join(folder, workFiles.variables), {
    mode: 0o600,
  })
  const output = lineSplitter((line) => {
    if (line.trim() !== '') report.output('stdout', line)
  })
  // Through the open folder the socket's path is short enough, whatever the store is called.
  const place = await open(folder)
  const child = controller.run(packerCommand(join(image.folder, image.file.template), folder, workFolder), {
    onOutput: (_stream, text) => output(text),
  })
  try {
    const outcome = await superviseInstaller({
      qmpSocket: `/proc/self/fd/${place.fd}/${workFiles.qmp}`,
      serialFile: join(folder, workFiles.serial),
      webhook,
      nonce,
      child,
      signal,
      onProgress: ({ text, done, total }) =>
        report.progress({ text: `install: ${text}`, done, total, unit: 'steps' }),
      limits: limits(installation),
    })
    // An interruption ends Packer's whole process group; that is the answer then.
    const ended = signal.aborted || outcome.kind === 'success' ? await child : undefined
    if (outcome.kind === 'failed') throw await failed(outcome, installation, child, report)
    if (ended !== undefined && ended.exitCode !== 0) throw packerFailed(ended)
    return outcome
  } catch (error) {
    if (!signal.aborted) {
      await controller.run(endPacker(folder))
      await child
    }
    throw error
  } finally {
    await place.close()
  }
}

async function failed(
  outcome: InstallerFailed,
  installation: Installation,
  child: Promise<CommandResult>,
  report: BuildReport,
): Promise<FailureError> {
  const { folder, evidence, webhook, keepOnError } = installation
  const kept = await keepEvidence(folder, evidence, secretsOf(webhook))
  const failure = installerFailure(outcome, kept)
  if (keepOnError) {
    report.note(
      'warning',
      `${failure.message}; the machine is kept until you interrupt; its console: cd ${folder} && socat -,raw,echo=0 UNIX-CONNECT:${workFiles.console}`,
    )
    await child
  }
  return new FailureError(failure)
}

/** What only this build knows: it must be in no log and not in the image. */
export function secretsOf(webhook: Webhook): string[] {
  return [new URL(webhook.url).pathname.replaceAll('/', '')]
}

function limits({ image, accelerator, stallSeconds, deadlineSeconds }: Installation): InstallerLimits {
  // As image.yml says: ten times as long without KVM.
  const minutes = image.file.installer.deadline_minutes * (accelerator === 'kvm' ? 1 : 10)
  return installerLimits(accelerator, {
    deadlineSeconds: deadlineSeconds ?? minutes * 60,
    ...(stallSeconds === undefined ? {} : { stallSeconds }),
  })
}

/** The seed has what only this build knows: nobody else may read it, and its texts travel on stdin. */
async function writeSeed(controller: HostAccess, folder: string, seed: InstallerSeed): Promise<void> {
  const target = join(folder, workFiles.seed)
  await must(
    controller,
    {
      ...sh`(umask 077; set -e; d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; cat >"$d/user-data"; printf '%s' ${seed.metaData} >"$d/meta-data"; xorriso -as mkisofs -quiet -V cidata -J -r -o ${target} "$d/user-data" "$d/meta-data" >&2)`,
      stdin: seed.userData,
    },
    'the seed of the installer could not be written',
  )
}

/** docs/images.md says what each means. */
function templateVariables(installation: Installation, kernelArguments: string): TemplateVariables {
  const { accelerator, iso } = installation
  const { installer, disk } = installation.image.file
  return {
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
    serial_socket: workFiles.console,
    pid_file: workFiles.pid,
    logs_file: workFiles.logs,
    skip_compaction: true,
    ...(installer.firmware === undefined ? {} : { firmware: installer.firmware }),
  }
}

function packerFailed({ exitCode, stdout, stderr }: CommandResult): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'packer-failed',
    message: `packer failed after the installation (exit code ${exitCode})`,
    details: `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n'),
  })
}
