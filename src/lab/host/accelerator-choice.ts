import type { DeployedImage } from '../../images/deployed-image.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { type Accelerator, type ProbeOptions, probeAccelerator } from './accelerator.ts'

/**
 * How guests of this host run: what a person asked for, else what the preflight found (`hvlab_accelerator`), else
 * what booting the image's own kernel shows.
 */
export async function resolveAccelerator(
  context: ModuleContext,
  asked: 'auto' | 'kvm' | 'tcg',
  image: DeployedImage,
): Promise<Accelerator> {
  if (asked !== 'auto') return { type: asked, reason: `accelerator: ${asked} was asked for` }
  const kernelDigest = image.manifest.files.vmlinuz.sha256
  return found(context) ?? (await probeAccelerator(context, { kernel: image.kernel, kernelDigest }))
}

/** How a machine that builds an image runs, for the controller's user: what the preflight found, else what a kernel shows. */
export async function buildAccelerator(context: ModuleContext, probe: ProbeOptions): Promise<Accelerator> {
  return found(context) ?? (await probeAccelerator(context.controller, probe))
}

function found(context: ModuleContext): Accelerator | undefined {
  const known = context.variable('hvlab_accelerator')
  if (typeof known !== 'object' || known === null || Array.isArray(known)) return undefined
  const type = known['type']
  if (type !== 'kvm' && type !== 'tcg') return undefined
  return { type, reason: String(known['reason'] ?? '') }
}
