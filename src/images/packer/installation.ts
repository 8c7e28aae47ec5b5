import { join } from 'node:path'
import type { HostAccess } from '../../model/host-access.ts'
import { sh } from '../../util/sh.ts'
import { type InstallerSeed, renderInstallerSeed } from '../autoinstall/installer-seed.ts'
import type { BuildReport } from '../build-report.ts'
import type { PackerImage } from '../image.ts'
import { installerLimits } from '../installer/limits.ts'
import type { InstallerSuccess } from '../installer/outcome.ts'
import type { Webhook } from '../installer/webhook.ts'
import { must } from './must.ts'
import { workFiles } from './packer-command.ts'
import { runWatched, type WatchedMachine } from './watched-machine.ts'

/** One installation by Packer in a folder that has the installer's kernel and initrd in `boot/`. */
export interface Installation
  extends Pick<
    WatchedMachine,
    'folder' | 'workFolder' | 'accelerator' | 'nonce' | 'keepOnError' | 'evidence'
  > {
  readonly image: PackerImage
  readonly iso: string
  readonly webhook: Webhook
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
  const { image, folder, nonce, webhook, keepOnError, accelerator } = installation
  const { installer, disk, template } = image.file
  const seed = renderInstallerSeed(image, { nonce, webhookUrl: webhook.url, keepOnError })
  await writeSeed(controller, folder, seed)
  const { stallSeconds, deadlineSeconds } = installation
  const machine: WatchedMachine = {
    ...installation,
    work: 'installer',
    template: join(image.folder, template),
    size: installer,
    diskGb: disk.size_gb,
    limits: installerLimits(accelerator, {
      deadlineMinutes: installer.deadline_minutes,
      stallSeconds,
      deadlineSeconds,
    }),
    variables: {
      iso_url: installation.iso,
      kernel: 'boot/vmlinuz',
      initrd: 'boot/initrd',
      kernel_arguments: seed.kernelArguments,
      seed: workFiles.seed,
      ...(installer.firmware === undefined ? {} : { firmware: installer.firmware }),
    },
  }
  return await runWatched(machine, controller, signal, report)
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
