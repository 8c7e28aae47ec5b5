import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseYaml } from '../../config/yaml.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { suggestion } from '../../util/did-you-mean.ts'
import { sh } from '../../util/sh.ts'
import type { CloudImage, PackerImage } from '../image.ts'

/** What apt calls a package that it does not have; `findingOf` knows the same sentences. */
const unknownPackage =
  /Unable to locate package (\S+)|Package '([^']+)' has no installation candidate|Version '[^']*' for '([^']+)'/

/**
 * An error of a layer, with the place in image.yml where the package stands that apt does not have, and the one that may
 * have been meant. `logs`: the archive that the layer has sent, on the controller.
 */
export async function locatedInImage(
  error: unknown,
  image: PackerImage | CloudImage,
  controller: HostAccess,
  logs: string,
): Promise<unknown> {
  if (!(error instanceof FailureError) || error.failure.code !== 'installer-package-unknown') return error
  const name = unknownPackage.exec(error.failure.message)?.slice(1).find(Boolean)
  const index = image.file.packages.findIndex((entry) => entry.split('=')[0] === name)
  const path = join(image.folder, 'image.yml')
  const document = parseYaml(readFileSync(path, 'utf8'), path)
  // Named by a package of the list, or in a file that was changed meanwhile.
  if (name === undefined || index < 0 || !document.ok) return error
  const location = document.value.locate(['packages', index])
  const hint = suggestion(name, await knownPackages(controller, logs)) ?? error.failure.hint
  return new FailureError(
    { ...error.failure, location, ...(hint === undefined ? {} : { hint }) },
    { cause: error },
  )
}

/** Names in the lists that the layer's apt has read; a guest wrote them, so what is no name is left out. */
async function knownPackages(controller: HostAccess, logs: string): Promise<string[]> {
  const { stdout } = await controller.run(sh`tar -xzOf ${logs} run/hvlab/package-names 2>/dev/null`)
  return stdout.split('\n').filter((line) => /^[a-z0-9][a-z0-9.+-]{1,100}$/.test(line))
}
