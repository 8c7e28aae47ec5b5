import type { CloudImageFile } from '../file/cloud.ts'
import type { PackerImageFile } from '../file/packer.ts'

/** What is the same in every build of a layer: part of its key. */
export interface LayerContent {
  readonly packages: readonly string[]
  readonly updates: 'none' | 'security' | 'all'
  readonly trimming: Pick<PackerImageFile | CloudImageFile, 'keep_snapd' | 'units'>
  /** Let partition and file system grow with the disk; the disk of an installer is full already. */
  readonly grow: boolean
}

/** The order of packages decides nothing. An installer brings the updates itself; a published disk gets them here. */
export function layerContent(file: PackerImageFile | CloudImageFile): LayerContent {
  const { keep_snapd, units, builder } = file
  return {
    packages: [...new Set(file.packages)].sort(),
    updates: builder === 'cloud' ? file.updates : 'none',
    trimming: { keep_snapd, units },
    grow: builder === 'cloud',
  }
}
