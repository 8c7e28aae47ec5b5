import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../model/host-access.ts'
import type { BuildReport } from './build-report.ts'
import type { Image } from './image.ts'
import type { Manifest } from './manifest.ts'
import { guestsOn, lookUp, publish } from './store.ts'
import { imageInUse } from './store-errors.ts'
import { lockKey } from './store-lock.ts'

/** Builds an image into a folder and writes its manifest there. */
export type Builder<Kind extends Image = Image> = (
  host: HostAccess,
  image: Kind,
  workFolder: string,
  report: BuildReport,
) => Promise<Manifest>

export interface EnsuredImage {
  readonly state: 'built' | 'present'
  readonly manifest: Manifest
}

/**
 * Makes sure that a store on this machine has the image: builds it when it is absent, damaged, or `rebuild` says so.
 * Two at once make one image. An interruption at any point leaves the store as it was, apart from leftovers that the
 * next build removes.
 */
export async function ensureImage<Kind extends Image>(
  host: HostAccess,
  image: Kind,
  store: string,
  builder: Builder<Kind>,
  report: BuildReport,
  options: { readonly rebuild?: boolean } = {},
): Promise<EnsuredImage> {
  const before = await lookUp(host, store, image.key)
  if (before.state === 'whole' && options.rebuild !== true)
    return { state: 'present', manifest: before.manifest }
  const lock = await lockKey(host, store, image.key, report)
  try {
    const now = await lookUp(host, store, image.key)
    const builtByAnother =
      now.state === 'whole' &&
      (before.state !== 'whole' || before.manifest.built_at !== now.manifest.built_at)
    if (now.state === 'whole' && (builtByAnother || options.rebuild !== true)) {
      return { state: 'present', manifest: now.manifest }
    }
    if (now.state !== 'absent')
      await refuseWhileInUse(host, image, store, now.state === 'damaged' ? 'repaired' : 'rebuilt')
    if (now.state === 'damaged')
      report.note('warning', `image ${image.name} in ${store} is damaged: ${now.why}; it is built again`)
    const manifest = await builder(host, image, lock.workFolder, report)
    const published = await publish(host, store, image.key, lock.workFolder)
    if (!published.ok) {
      throw new FailureError({
        reason: 'module',
        code: 'image-not-published',
        message: `image ${image.name} was built but could not be put into ${store}`,
        hint: 'See what holds the folder or fills the disk, then run again.',
        details: published.why,
      })
    }
    return { state: 'built', manifest }
  } finally {
    await lock.release()
  }
}

/** Other content under disks that stand on an image would destroy them. */
export async function refuseWhileInUse(
  host: HostAccess,
  image: Pick<Image, 'name' | 'key'>,
  store: string,
  what: string,
): Promise<void> {
  const guests = await guestsOn(host, store, image.key)
  if (guests.length > 0) throw imageInUse(image.name, what, guests)
}
