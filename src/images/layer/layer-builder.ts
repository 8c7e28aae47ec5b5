import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { HostAccess } from '../../model/host-access.ts'
import type { BuildReport } from '../build-report.ts'
import { type Builder, ensureImage } from '../ensure-image.ts'
import { baseOf, type CloudImage, isPackerImage, type PackerImage } from '../image.ts'
import { installerLimits } from '../installer/limits.ts'
import type { InstallerSuccess } from '../installer/outcome.ts'
import type { Manifest } from '../manifest.ts'
import { BuildFolder } from '../packer/build-folder.ts'
import { keptLogs } from '../packer/evidence.ts'
import { type PackerOptions, packerBuilder } from '../packer/packer-builder.ts'
import { ensurePlugin, packerMachine, requirePackerMachine } from '../packer/packer-machine.ts'
import { runWatched } from '../packer/watched-machine.ts'
import { fileDigest } from '../source/digest.ts'
import { type BaseDisk, publishedDisk } from './base-disk.ts'
import { layerScript } from './guest-script.ts'
import { layerContent } from './layer-content.ts'
import { layerTemplate } from './layer-template.ts'
import { locatedInImage } from './package-location.ts'

export interface LayerOptions extends PackerOptions {
  readonly store: string
  /** Make the base again, too. */
  readonly rebuild: boolean
}

/**
 * Puts packages above a base that is built once for every list of packages: an installation in the store, or a disk
 * that its publisher has installed. A machine boots an overlay of the base, under the same supervision as an installer;
 * the result is checked like an installed disk and becomes an image that stands by itself.
 */
export function layerBuilder(options: LayerOptions): Builder<PackerImage | CloudImage> {
  return async (host, image, workFolder, report) => {
    const { controller, signal } = options
    const machine = await controller.freshFact(packerMachine)
    requirePackerMachine(machine)
    const folder = await BuildFolder.make(host, controller, workFolder, machine.user, report)
    await ensurePlugin(controller, machine)
    const base = await folder.phase('base', () => obtainBase(host, image, folder, options, report))
    const accelerator = await options.accelerator(base.kernel, await fileDigest(base.kernel, signal))
    report.note('info', `the layer runs under ${accelerator.type}: ${accelerator.reason}`)
    const nonce = randomBytes(16).toString('hex')
    const success = await folder.phase('layer', () =>
      addLayer(image, base, folder, { ...options, nonce, accelerator: accelerator.type }, report).catch(
        async (error: unknown) => {
          throw await locatedInImage(error, image, controller, join(options.evidence, keptLogs))
        },
      ),
    )
    const system = await folder.phase('check', () => folder.check(image.file, { nonce, secrets: [] }))
    await folder.phase('convert', () => folder.convert())
    for (const [phase, seconds] of Object.entries(success.durations))
      folder.durations[`layer: ${phase}`] = seconds
    return await folder.handOver(image, system, {
      tools: { ...machine.versions },
      ...base.told,
      layer: layerManifest(image.file, base, accelerator.type, success, system.removed),
    })
  }
}

async function obtainBase(
  host: HostAccess,
  image: PackerImage | CloudImage,
  folder: BuildFolder,
  options: LayerOptions,
  report: BuildReport,
): Promise<BaseDisk> {
  if (!isPackerImage(image))
    return await publishedDisk(options.controller, image, join(folder.path, 'boot'), options, report)
  const base = baseOf(image)
  if (base === undefined) throw new Error(`${image.name} has no packages to be put above it`)
  const { store, rebuild } = options
  const { manifest, state } = await ensureImage(host, base, store, packerBuilder(options), report, {
    rebuild,
  })
  if (state === 'present')
    report.note('info', `the base of ${image.name} is in ${store}: nothing is installed again`)
  const at = join(store, base.key)
  return {
    key: base.key,
    disk: join(at, 'image.qcow2'),
    kernel: join(at, 'vmlinuz'),
    initrd: join(at, 'initrd'),
    told: { source: manifest.source, installation: manifest.installation },
  }
}

interface LayerRun extends Omit<PackerOptions, 'accelerator'> {
  readonly nonce: string
  readonly accelerator: 'kvm' | 'tcg'
}

async function addLayer(
  image: PackerImage | CloudImage,
  base: BaseDisk,
  folder: BuildFolder,
  run: LayerRun,
  report: BuildReport,
): Promise<InstallerSuccess> {
  const { nonce, accelerator, keepOnError, evidence, stallSeconds, deadlineSeconds, controller } = run
  const { layer, boot, disk } = image.file
  const script = layerScript(layerContent(image.file), { nonce, keepOnError })
  await controller.put(new TextEncoder().encode(script), join(folder.path, 'layer.sh'), { mode: 0o600 })
  const { deadline_minutes: deadlineMinutes } = layer
  return await runWatched(
    {
      work: 'layer',
      template: layerTemplate(image.file, image.folder),
      folder: folder.path,
      workFolder: folder.workFolder,
      variables: {
        base: base.disk,
        kernel: base.kernel,
        initrd: base.initrd,
        // What stands before init= is the kernel's or ignored; what follows -- are the arguments of init.
        kernel_arguments: `${boot.cmdline} panic=-1 init=/bin/sh -- /dev/vdb`,
        script: 'layer.sh',
      },
      ...{ accelerator, nonce, keepOnError, evidence, size: layer, diskGb: disk.size_gb },
      limits: installerLimits(accelerator, { deadlineMinutes, stallSeconds, deadlineSeconds }),
    },
    controller,
    run.signal,
    report,
  )
}

function layerManifest(
  file: (PackerImage | CloudImage)['file'],
  base: BaseDisk,
  accelerator: 'kvm' | 'tcg',
  success: InstallerSuccess,
  removed: readonly string[],
): Manifest['layer'] {
  const { packages, updates } = layerContent(file)
  return {
    base: base.key,
    packages: [...packages],
    updates,
    accelerator,
    events: success.events,
    proof: { ...success.proof, marker: 'read back from the disk' },
    removed: [...removed],
  }
}
