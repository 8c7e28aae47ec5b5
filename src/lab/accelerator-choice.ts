import type { DeployedImage } from '../images/deployed-image.ts'
import type { ModuleContext } from '../modules/module.ts'
import { type Accelerator, probeAccelerator } from './accelerator.ts'

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
  const known = context.variable('hvlab_accelerator')
  if (typeof known === 'object' && known !== null && !Array.isArray(known)) {
    const type = known['type']
    if (type === 'kvm' || type === 'tcg') return { type, reason: String(known['reason'] ?? '') }
  }
  const kernelDigest = image.manifest.files.vmlinuz.sha256
  return probeAccelerator(context, { kernel: image.kernel, kernelDigest })
}
