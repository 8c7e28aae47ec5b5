import { z } from 'zod'
import { type DeployedImage, describe, storeOf } from '../images/deployed-image.ts'
import { ensureImage, refuseWhileInUse } from '../images/ensure-image.ts'
import { type Image, isPackagesImage, resolveImage } from '../images/image.ts'
import type { Manifest } from '../images/manifest.ts'
import { buildFromPackages } from '../images/packages-builder.ts'
import { pushImage } from '../images/push-image.ts'
import { lookUp, remove } from '../images/store.ts'
import { FailureError } from '../model/failure.ts'
import type { Vars } from '../model/value.ts'
import { sh } from '../util/sh.ts'
import {
  type Change,
  type ChangeResult,
  defineModule,
  type ModuleContext,
  type ModuleResult,
} from './module.ts'
import { bool, choice, text } from './params.ts'

/** Puts an image of `images/` into a host's store: builds it on the controller, copies it to other hosts. */
export const image = defineModule({
  name: 'image',
  doc: 'Makes an image available on a host. On the controller it is built unless the store has it; to another host the controller’s image is copied unless that host has it.',
  params: z.strictObject({
    name: text().describe('A folder of `images/`'),
    state: choice(['present', 'absent']).default('present').describe('Whether the host has the image'),
    rebuild: bool()
      .default(false)
      .describe('Build again although the store has it, to get newer packages; only on the controller'),
  }),
  returns: {
    key: 'SHA-256 of everything that decides what is built',
    path: 'the qcow2 file on the host',
    kernel: 'the kernel file on the host',
    initrd: 'the initrd file on the host',
    cmdline: 'the kernel’s command line',
    digest: 'SHA-256 of the qcow2 file',
    size: 'size of the qcow2 file in bytes',
    login_user: 'the user that hvlab logs in as',
    source: '`built`, `copied` or `present`',
  },
  async *run(context, params) {
    const wanted = resolveImage(params.name, (kind, name) => context.locate(kind, name))
    const store = storeOf(context)
    if (params.state === 'absent') return yield* absent(context, wanted, store)
    if (await isController(context, store)) return yield* built(context, wanted, store, params.rebuild)
    return yield* copied(context, wanted, store)
  },
})

type Steps = AsyncGenerator<Change, ModuleResult, ChangeResult>

async function* built(context: ModuleContext, wanted: Image, store: string, rebuild: boolean): Steps {
  const before = await lookUp(context, store, wanted.key)
  if (before.state === 'whole' && !rebuild) return present(describe(wanted, before.folder, before.manifest))
  if (!isPackagesImage(wanted)) {
    throw new FailureError({
      reason: 'module',
      code: 'image-not-built',
      message: `image ${wanted.name} is not in ${store}, and tasks build only images of builder packages`,
      hint: `Build it with \`hvlab image build ${wanted.name}\`, then run again.`,
    })
  }
  const result = yield {
    summary: `build image ${wanted.name} from packages of ${wanted.file.suite} (${wanted.key.slice(0, 12)})`,
    action: () => ensureImage(context, wanted, store, buildFromPackages, context, { rebuild }),
  }
  const ensured = result.value as Awaited<ReturnType<typeof ensureImage>> | undefined
  if (ensured === undefined) return { data: { key: wanted.key, cmdline: wanted.file.boot.cmdline } }
  const data = resultData(describe(wanted, `${store}/${wanted.key}`, ensured.manifest), ensured.state)
  // Another process may have built it while this one waited for the lock.
  return ensured.state === 'built' ? { data } : { data, changed: false, why: 'another process built it' }
}

async function* copied(context: ModuleContext, wanted: Image, store: string): Steps {
  const there = await lookUp(context, store, wanted.key)
  const source = await lookUp(context.controller, store, wanted.key)
  if (source.state !== 'whole') {
    // What is on the host is as good as the controller's: it was verified when it arrived.
    if (there.state === 'whole') return present(describe(wanted, there.folder, there.manifest))
    throw new FailureError({
      reason: 'module',
      code: 'image-not-built',
      message: `image ${wanted.name} is not in ${store} of the controller${source.state === 'damaged' ? `, or damaged: ${source.why}` : ''}`,
      hint: `Build it in an earlier stage: \`hosts: localhost\`, \`become: true\`, \`image: {name: ${wanted.name}}\`.`,
    })
  }
  if (there.state === 'whole' && sameDigest(there.manifest, source.manifest)) {
    return present(describe(wanted, there.folder, there.manifest))
  }
  if (there.state !== 'absent') await refuseWhileInUse(context, wanted, store, 'replaced')
  const size = Math.round(source.manifest.files['image.qcow2'].size / 1e6)
  yield {
    summary: `copy image ${wanted.name} (${size} MB, ${wanted.key.slice(0, 12)}) to ${store}`,
    action: () => pushImage(context.controller, context, source.manifest, source.folder, store, context),
  }
  return { data: resultData(describe(wanted, `${store}/${wanted.key}`, source.manifest), 'copied') }
}

async function* absent(context: ModuleContext, wanted: Image, store: string): Steps {
  const there = await lookUp(context, store, wanted.key)
  if (there.state === 'absent')
    return { why: `image ${wanted.name} is not in ${store}`, data: { key: wanted.key } }
  await refuseWhileInUse(context, wanted, store, 'removed')
  yield {
    summary: `remove image ${wanted.name} (${wanted.key.slice(0, 12)}) from ${store}`,
    action: () => remove(context, store, wanted.key),
  }
  return { data: { key: wanted.key } }
}

/**
 * The same machine and the same store, however the host is reached: `localhost`, or the controller's own address over
 * SSH. Containers share the boot id but not the store's inode.
 */
async function isController(context: ModuleContext, store: string): Promise<boolean> {
  const query = sh`cat /proc/sys/kernel/random/boot_id; p=${store}; while [ ! -e "$p" ]; do p=$(dirname "$p"); done; stat -c '%d %i %m' "$p"`
  const [here, there] = await Promise.all([context.run(query), context.controller.run(query)])
  return here.exitCode === 0 && here.stdout === there.stdout
}

function sameDigest(a: Manifest, b: Manifest): boolean {
  return a.files['image.qcow2'].sha256 === b.files['image.qcow2'].sha256
}

function present(deployed: DeployedImage): ModuleResult {
  return {
    why: `image ${deployed.name} is in ${deployed.folder}`,
    data: resultData(deployed, 'present'),
  }
}

function resultData(deployed: DeployedImage, source: 'built' | 'copied' | 'present'): Vars {
  return {
    key: deployed.key,
    path: deployed.disk,
    kernel: deployed.kernel,
    initrd: deployed.initrd,
    cmdline: deployed.cmdline,
    digest: deployed.digest,
    size: deployed.manifest.files['image.qcow2'].size,
    login_user: deployed.loginUser,
    source,
  }
}
