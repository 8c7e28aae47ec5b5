import { join, resolve } from 'node:path'
import { z } from 'zod'
import { type DeployedImage, describe, storeOf } from '../images/deployed-image.ts'
import { type Builder, type EnsuredImage, ensureImage, refuseWhileInUse } from '../images/ensure-image.ts'
import {
  baseOf,
  type Image,
  isCloudImage,
  isPackagesImage,
  isPackerImage,
  resolveImage,
} from '../images/image.ts'
import { layerBuilder } from '../images/layer/layer-builder.ts'
import type { Manifest } from '../images/manifest.ts'
import { buildFromPackages } from '../images/packages-builder.ts'
import { type PackerOptions, packerBuilder } from '../images/packer/packer-builder.ts'
import type { Pushed } from '../images/push/push.ts'
import { offerImage, pushImage } from '../images/push-image.ts'
import type { RelayAccess } from '../images/relay/relay.ts'
import { ownSize, publishedName } from '../images/source/obtain.ts'
import { lookUp, remove } from '../images/store.ts'
import { imageInUse } from '../images/store-errors.ts'
import { newHostKey } from '../lab/access/guest-key.ts'
import { reachOf } from '../lab/access/ssh-command.ts'
import { buildAccelerator } from '../lab/host/accelerator-choice.ts'
import type { Change, ChangeResult, ModuleResult } from '../model/change.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import type { Vars } from '../model/value.ts'
import { sh } from '../util/sh.ts'
import { stateDirectory } from '../util/state-directory.ts'
import { unreachable } from '../util/unreachable.ts'
import { defineModule } from './module.ts'
import { bool, choice, int, text } from './params.ts'

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
    iso: text()
      .optional()
      .describe(
        'The installer or published disk, where the controller has it already; its digest is checked like a download’s; default: the variable `hvlab_iso`',
      ),
    keep_on_error: bool()
      .default(false)
      .describe(
        'When the installer fails, leave its machine running to look at, until the run is interrupted',
      ),
    stall_seconds: int()
      .optional()
      .describe(
        'The installer has failed when it says nothing for this long; default: by phase and accelerator',
      ),
    deadline_seconds: int()
      .optional()
      .describe('The longest that an installation may take; default: image.yml'),
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
    relayed_pieces: 'with `copied`: how many pieces of the disk other hosts passed on',
    sent_bytes:
      'with `copied`: how much of the disk the controller sent, compressed where both sides have zstd',
  },
  async *run(context, params) {
    const wanted = resolveImage(params.name, context.searchPath)
    const store = storeOf(context)
    if (params.state === 'absent') return yield* absent(context, wanted, store)
    if (await isController(context, store)) return yield* built(context, wanted, store, params)
    return yield* copied(context, wanted, store)
  },
})

type Steps = AsyncGenerator<Change, ModuleResult, ChangeResult>

/** The parameters that only a build heeds. */
interface BuildParams {
  readonly rebuild: boolean
  readonly keep_on_error: boolean
  readonly iso?: string | undefined
  readonly stall_seconds?: number | undefined
  readonly deadline_seconds?: number | undefined
}

async function* built(context: ModuleContext, wanted: Image, store: string, params: BuildParams): Steps {
  const before = await lookUp(context, store, wanted.key)
  if (before.state === 'whole' && !params.rebuild)
    return present(describe(wanted, before.folder, before.manifest))
  await requireIso(context, wanted, store, params)
  const result = yield {
    summary: `build image ${wanted.name} ${madeFrom(wanted)} (${wanted.key.slice(0, 12)})`,
    action: () => ensureWith(context, wanted, store, params),
  }
  const ensured = result.value as EnsuredImage | undefined
  if (ensured === undefined) return { data: { key: wanted.key, cmdline: wanted.file.boot.cmdline } }
  const data = resultData(describe(wanted, `${store}/${wanted.key}`, ensured.manifest), ensured.state)
  // Another process may have built it while this one waited for the lock.
  return ensured.state === 'built' ? { data } : { data, changed: false, why: 'another process built it' }
}

function madeFrom({ file }: Image): string {
  switch (file.builder) {
    case 'packages':
      return `from packages of ${file.suite}`
    case 'packer':
      return 'by its installer, through Packer'
    case 'cloud':
      return 'from its published disk, through Packer'
    default:
      return unreachable(file)
  }
}

async function ensureWith(
  context: ModuleContext,
  wanted: Image,
  store: string,
  params: BuildParams,
): Promise<EnsuredImage> {
  const { rebuild } = params
  if (isPackagesImage(wanted))
    return await ensureImage(context, wanted, store, buildFromPackages, context, { rebuild })
  const options: PackerOptions = {
    controller: context.controller,
    signal: context.signal,
    iso: params.iso ?? isoOf(context),
    keepOnError: params.keep_on_error,
    accelerator: (kernel, kernelDigest) => buildAccelerator(context, { kernel, kernelDigest }),
    evidence: join(stateDirectory(), 'failed-builds', wanted.name),
    stallSeconds: params.stall_seconds,
    deadlineSeconds: params.deadline_seconds,
  }
  const ensured = <Kind extends Image>(image: Kind, builder: Builder<Kind>) =>
    ensureImage(context, image, store, builder, context, { rebuild })
  if (isPackerImage(wanted) && baseOf(wanted) === undefined)
    return await ensured(wanted, packerBuilder(options))
  if (isPackerImage(wanted) || isCloudImage(wanted))
    return await ensured(wanted, layerBuilder({ ...options, store, rebuild }))
  throw new Error(`no builder for ${wanted.name}`)
}

/** A file of the user's own that is not there is told before anything runs, and in check mode; unless the base is built. */
async function requireIso(
  context: ModuleContext,
  wanted: Image,
  store: string,
  params: BuildParams,
): Promise<void> {
  const iso = params.iso ?? isoOf(context)
  if (iso === undefined || wanted.file.builder === 'packages') return
  const { source } = wanted.file
  const base = isPackerImage(wanted) && !params.rebuild ? baseOf(wanted) : undefined
  if (base !== undefined && (await lookUp(context, store, base.key)).state === 'whole') return
  await ownSize(iso, publishedName(source))
}

/** `hvlab_iso`: a file on the controller, as seen from where hvlab was started. */
function isoOf(context: ModuleContext): string | undefined {
  const iso = context.variable('hvlab_iso')
  return typeof iso === 'string' && iso !== '' ? resolve(iso) : undefined
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
  const access = relayAccess(context)
  if (there.state === 'whole' && sameDigest(there.manifest, source.manifest)) {
    offerImage({ manifest: there.manifest, store, access })
    return present(describe(wanted, there.folder, there.manifest))
  }
  if (there.state !== 'absent') await refuseWhileInUse(context, wanted, store, 'replaced')
  const { manifest, folder: from } = source
  const size = Math.round(manifest.files['image.qcow2'].size / 1e6)
  const { controller, signal } = context
  const { value } = yield {
    summary: `copy image ${wanted.name} (${size} MB, ${wanted.key.slice(0, 12)}) to ${store}`,
    action: () =>
      pushImage({ controller, host: context, manifest, from, store, report: context, signal, access }),
  }
  const pushed = value as Pushed | undefined
  const data = resultData(describe(wanted, `${store}/${wanted.key}`, manifest), 'copied')
  return {
    data:
      pushed === undefined
        ? data
        : { ...data, sent_bytes: pushed.sentBytes, relayed_pieces: pushed.relayedPieces },
  }
}

/** Hosts pass pieces on to each other where one can log in to another. */
function relayAccess(context: ModuleContext): RelayAccess {
  return {
    name: context.host,
    peer: (name) => context.peer(name),
    login: async (name) => {
      const reach = await reachOf({
        host: name,
        hostVar: (host, variable) => context.hostVar(host, variable),
      })
      return reach.kind === 'ssh' && reach.jumps === '' ? reach : undefined
    },
    newKey: () => newHostKey(context.controller),
  }
}

async function* absent(context: ModuleContext, wanted: Image, store: string): Steps {
  const there = await lookUp(context, store, wanted.key)
  if (there.state === 'absent')
    return { why: `image ${wanted.name} is not in ${store}`, data: { key: wanted.key } }
  await refuseWhileInUse(context, wanted, store, 'removed')
  yield {
    summary: `remove image ${wanted.name} (${wanted.key.slice(0, 12)}) from ${store}`,
    action: async () => {
      const guests = await remove(context, store, wanted.key)
      if (guests.length > 0) throw imageInUse(wanted.name, 'removed', guests)
    },
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
