import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { HostAccess } from '../../model/host-access.ts'
import type { Builder } from '../ensure-image.ts'
import type { PackerImage } from '../image.ts'
import type { InstallerSuccess } from '../installer/outcome.ts'
import { openWebhook } from '../installer/webhook.ts'
import { fileDigest } from '../source/digest.ts'
import { extractBoot } from '../source/extract.ts'
import { obtainSource } from '../source/obtain.ts'
import { BuildFolder } from './build-folder.ts'
import { install } from './installation.ts'
import { ensurePlugin, packerMachine, requirePackerMachine } from './packer-machine.ts'
import { insteadOfDownload, quickerImages } from './quicker-images.ts'
import { secretsOf } from './watched-machine.ts'

export interface PackerOptions {
  /** The machine that hvlab runs on, as the user who runs it: Packer and QEMU need no root. */
  readonly controller: HostAccess
  readonly signal: AbortSignal
  /** A file of the user's, an ISO or a published disk, instead of a download; its digest is checked alike. */
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
    const { controller, signal, keepOnError, evidence, stallSeconds, deadlineSeconds } = options
    const machine = await controller.freshFact(packerMachine)
    requirePackerMachine(machine)
    const { file } = image
    const folder = await BuildFolder.make(host, controller, workFolder, machine.user, report)
    await ensurePlugin(controller, machine)
    const source = await folder.phase('source', () =>
      obtainSource(
        controller,
        file.source,
        { iso: options.iso, signal, instead: insteadOfDownload(image) },
        report,
      ),
    )
    await folder.phase('extract', () =>
      extractBoot(controller, source.path, file.installer, `${folder.path}/boot`),
    )
    const kernel = join(folder.path, 'boot', 'vmlinuz')
    const accelerator = await options.accelerator(kernel, await fileDigest(kernel, signal))
    const how = `the installer runs under ${accelerator.type}: ${accelerator.reason}`
    if (accelerator.type === 'kvm') report.note('info', how)
    else
      report.note(
        'warning',
        `${how}; emulated, it takes an hour or more; minutes take ${quickerImages(image)}`,
      )
    const nonce = randomBytes(16).toString('hex')
    const webhook = await openWebhook({ logsFile: join(folder.path, 'reported-logs.tar.gz') })
    let success: InstallerSuccess
    try {
      const installation = {
        ...{ image, folder: folder.path, workFolder, iso: source.path, nonce, webhook },
        ...{ accelerator: accelerator.type, keepOnError, evidence, stallSeconds, deadlineSeconds },
      }
      success = await folder.phase('install', () => install(installation, controller, signal, report))
    } finally {
      await webhook.close()
    }
    const proof = { nonce, secrets: secretsOf(webhook) }
    const system = await folder.phase('check', () => folder.check(file, proof))
    await folder.phase('convert', () => folder.convert())
    for (const [phase, seconds] of Object.entries(success.durations))
      folder.durations[`install: ${phase}`] = seconds
    return await folder.handOver(image, system, {
      tools: { ...machine.versions },
      source: { file: source.name, sha256: file.source.sha256, signature: source.signature },
      installation: {
        accelerator: accelerator.type,
        updates: file.updates,
        events: success.events,
        proof: { ...success.proof, marker: 'read back from the disk' },
        removed: [...system.removed],
      },
    })
  }
}
