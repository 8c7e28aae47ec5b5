import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseYaml } from '../../config/yaml.ts'
import { FailureError } from '../../model/failure.ts'
import type { CloudImage, PackerImage } from '../image.ts'

/** What apt calls a package that it does not have; `findingOf` knows the same sentences. */
const unknownPackage =
  /Unable to locate package (\S+)|Package '([^']+)' has no installation candidate|Version '[^']*' for '([^']+)'/

/** An error of a layer, with the place in image.yml where the package stands that apt does not have. */
export function locatedInImage(error: unknown, image: PackerImage | CloudImage): unknown {
  if (!(error instanceof FailureError) || error.failure.code !== 'installer-package-unknown') return error
  const name = unknownPackage.exec(error.failure.message)?.slice(1).find(Boolean)
  const index = image.file.packages.findIndex((entry) => entry.split('=')[0] === name)
  const path = join(image.folder, 'image.yml')
  const document = parseYaml(readFileSync(path, 'utf8'), path)
  // Named by a package of the list, or in a file that was changed meanwhile.
  if (index < 0 || !document.ok) return error
  const location = document.value.locate(['packages', index])
  return new FailureError({ ...error.failure, location }, { cause: error })
}
