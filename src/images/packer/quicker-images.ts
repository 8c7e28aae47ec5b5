import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Image } from '../image.ts'

/** In words, what takes minutes where an installation takes an hour or its source cannot be had. */
export function quickerImages({ folder }: Pick<Image, 'folder'>): string {
  const published = `${basename(folder)}-cloud`
  const isThere = existsSync(join(dirname(folder), published, 'image.yml'))
  const fromCloud = `\`-e hvlab_image=${published}\` (the published cloud image) or `
  return `${isThere ? fromCloud : ''}\`-e hvlab_image=debian-12\` (made of packages)`
}

/** How a source that was downloaded by hand is given, and what does without it; the last sentence has no stop. */
export function insteadOfDownload(image: Pick<Image, 'folder'>): string {
  const name = basename(image.folder)
  return `\`hvlab image build ${name} --iso FILE\`, or \`-e hvlab_iso=FILE\` for a pipeline. Without it: ${quickerImages(image)}`
}
