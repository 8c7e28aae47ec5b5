import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../model/host-access.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { type Image, resolveImage } from './image.ts'
import { imageFiles, type Manifest } from './manifest.ts'
import { lookUp } from './store.ts'
import { defaultStore } from './store-errors.ts'

/** An image that is in a host's store, ready to be a guest's backing file. Paths are on that host. */
export interface DeployedImage {
  readonly name: string
  readonly key: string
  readonly folder: string
  readonly disk: string
  readonly kernel: string
  readonly initrd: string
  /** The kernel's command line. */
  readonly cmdline: string
  /** User that a seed creates and that hvlab logs in as. */
  readonly loginUser: string
  /** SHA-256 of the qcow2. */
  readonly digest: string
  readonly manifest: Manifest
}

/** The store of a task: the variable `hvlab_store`, or the usual place. */
export function storeOf(context: Pick<ModuleContext, 'variable'>): string {
  const own = context.variable('hvlab_store')
  return typeof own === 'string' && own !== '' ? own.replace(/\/+$/, '') : defaultStore
}

/** The image of that name in the host's store. A FailureError says what to run when it is not there, or damaged. */
export async function deployedImage(
  context: HostAccess & Pick<ModuleContext, 'searchPath' | 'variable'>,
  name: string,
): Promise<DeployedImage> {
  const image = resolveImage(name, context.searchPath)
  const store = storeOf(context)
  const entry = await lookUp(context, store, image.key)
  if (entry.state === 'whole') return describe(image, entry.folder, entry.manifest)
  const state = entry.state === 'absent' ? 'is not' : `is damaged (${entry.why})`
  throw new FailureError({
    reason: 'module',
    code: 'image-not-deployed',
    message: `image ${name} ${state} in ${store} of this host`,
    hint: `Put a task \`image: {name: ${name}}\` for this host before this one.`,
  })
}

export function describe(
  image: Pick<Image, 'name' | 'key'>,
  folder: string,
  manifest: Manifest,
): DeployedImage {
  const [disk, kernel, initrd] = imageFiles
  return {
    name: image.name,
    key: image.key,
    folder,
    disk: `${folder}/${disk}`,
    kernel: `${folder}/${kernel}`,
    initrd: `${folder}/${initrd}`,
    cmdline: manifest.cmdline,
    loginUser: manifest.login_user,
    digest: manifest.files['image.qcow2'].sha256,
    manifest,
  }
}
