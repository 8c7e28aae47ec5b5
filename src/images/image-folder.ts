import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { FailureError } from '../model/failure.ts'
import { suggestion } from '../util/did-you-mean.ts'

/** The folder of an image in the first `images/` that has it. Throws `image-unknown`, with what may have been meant. */
export function imageFolder(name: string, searchPath: readonly string[]): string {
  const folders = searchPath.map((place) => join(place, 'images'))
  const hasImage = (folder: string, wanted: string) => existsSync(join(folder, wanted, 'image.yml'))
  const found = folders.find((folder) => hasImage(folder, name))
  if (found !== undefined) return join(found, name)
  const known = folders.flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).filter((entry) => hasImage(folder, entry)) : [],
  )
  throw new FailureError({
    reason: 'config',
    code: 'image-unknown',
    message: `there is no image ${name}: no folder of images/ has that name`,
    hint: suggestion(name, known) ?? `There are: ${[...new Set(known)].sort().join(', ')}.`,
  })
}
