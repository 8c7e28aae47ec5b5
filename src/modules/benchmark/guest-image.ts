import { defineFact } from '../../facts/fact.ts'
import { storeOf } from '../../images/deployed-image.ts'
import { parseManifest } from '../../images/manifest.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import type { MeasuredGuest } from './guests.ts'

/** SHA-256 of the disk in an image's folder, or null when there is no such image. */
const imageDigest = defineFact<[folder: string], string | null>({
  name: 'image-digest',
  command: (folder) => sh`cat ${folder}/manifest.json 2>/dev/null || :`,
  parse: ({ stdout }) => parseManifest(stdout)?.files['image.qcow2'].sha256 ?? null,
})

/** The image that a guest was made from; null for guests that hvlab did not make. */
export async function guestImage(
  context: ModuleContext,
  { domain: { metadata } }: MeasuredGuest,
): Promise<{ readonly name: string; readonly key: string; readonly sha256: string | null } | null> {
  if (metadata === undefined || metadata.imageKey === '') return null
  const { image: name, imageKey: key } = metadata
  return { name, key, sha256: await context.freshFact(imageDigest, `${storeOf(context)}/${key}`) }
}
