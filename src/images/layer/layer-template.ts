import { join } from 'node:path'
import { packageRoot } from '../../util/package-root.ts'
import type { CloudImageFile } from '../file/cloud.ts'
import type { PackerImageFile } from '../file/packer.ts'

/** Path of the Packer template that makes a layer: the image's own, or the one of hvlab that serves all others. */
export function layerTemplate({ layer }: PackerImageFile | CloudImageFile, folder: string): string {
  return layer.template === undefined
    ? join(packageRoot, 'images/layer.pkr.hcl')
    : join(folder, layer.template)
}
