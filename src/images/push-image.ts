import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../modules/module.ts'
import { sh } from '../util/sh.ts'
import { type BuildReport, paced } from './build-report.ts'
import { imageFiles, type Manifest } from './manifest.ts'
import { fileDigests, publish, setTimes } from './store.ts'
import { storeNotWritable } from './store-errors.ts'

/** Compressions under way in this process: many hosts may ask for the same image at once. */
const compressing = new Map<string, Promise<string>>()

/**
 * Copies an image from the controller's store to a host's: compressed with zstd where both sides have it, verified by
 * SHA-256 on arrival, then published in one step. `from` is the image's folder on the controller.
 */
export async function pushImage(
  controller: HostAccess,
  host: HostAccess,
  manifest: Manifest,
  from: string,
  store: string,
  report: BuildReport,
): Promise<void> {
  const folder = `${store}/.${manifest.key}.${randomBytes(6).toString('hex')}.tmp`
  const prepared = await host.run(
    sh`(umask 022; mkdir -p ${store} && mkdir ${folder} && echo push >${folder}/owner && find ${store} -mindepth 1 -maxdepth 1 -name '.*.tmp' -mmin +60 -exec sh -c 'grep -qx push "$1/owner" && [ -z "$(find "$1" -mmin -60 | head -n 1)" ] && rm -rf --one-file-system "$1"' sh '{}' ';')`,
  )
  if (prepared.exitCode !== 0) throw storeNotWritable(store, prepared.stderr)
  let published = false
  try {
    const bothHaveZstd = (await hasZstd(controller)) && (await hasZstd(host))
    const wire = bothHaveZstd
      ? await compressOnce(controller, manifest, from, report)
      : join(from, 'image.qcow2')
    const show = paced(report)
    const onProgress = (done: number, total: number): void =>
      show({ text: `copying image ${manifest.name}`, done, total, unit: 'bytes' })
    await host.put({ file: wire }, `${folder}/${bothHaveZstd ? 'image.qcow2.zst' : 'image.qcow2'}`, {
      mode: 0o644,
      onProgress,
    })
    if (bothHaveZstd) await unpack(host, folder)
    for (const name of ['vmlinuz', 'initrd', 'manifest.json']) {
      await host.put({ file: join(from, name) }, `${folder}/${name}`, { mode: 0o644 })
    }
    await verify(host, folder, manifest)
    await setTimes(host, folder, manifest)
    const result = await publish(host, store, manifest.key, folder)
    if (!result.ok) throw pushFailed(manifest.name, 'it could not be put in place', result.why)
    published = true
  } finally {
    if (!published) await host.run(sh`rm -rf --one-file-system ${folder}`)
  }
}

async function verify(host: HostAccess, folder: string, manifest: Manifest): Promise<void> {
  const digests = await fileDigests(host, folder)
  const wrong = imageFiles.find((name) => digests.get(name) !== manifest.files[name].sha256)
  if (wrong === undefined) return
  throw pushFailed(manifest.name, `${wrong} did not arrive as it was sent (SHA-256 differs)`, '')
}

async function unpack(host: HostAccess, folder: string): Promise<void> {
  const result = await host.run(sh`(cd ${folder} && zstd -q -d --rm image.qcow2.zst -o image.qcow2)`)
  if (result.exitCode !== 0) throw pushFailed('', 'zstd could not unpack it', result.stderr)
}

async function hasZstd(host: HostAccess): Promise<boolean> {
  return (await host.run(sh`command -v zstd >/dev/null`)).exitCode === 0
}

/** The compressed image in the controller user's cache; made once, whatever the number of hosts. */
async function compressOnce(
  controller: HostAccess,
  manifest: Manifest,
  from: string,
  report: BuildReport,
): Promise<string> {
  const running = compressing.get(from)
  if (running !== undefined) return running
  const work = compress(controller, manifest, from, report)
  compressing.set(from, work)
  try {
    return await work
  } finally {
    compressing.delete(from)
  }
}

/** Level 1: with more, compressing takes longer than a gigabit network saves. */
async function compress(
  controller: HostAccess,
  manifest: Manifest,
  from: string,
  report: BuildReport,
): Promise<string> {
  report.progress({ text: `compressing image ${manifest.name}` })
  const digest = manifest.files['image.qcow2'].sha256
  const result = await controller.run(
    sh`(set -e; cache="\${XDG_CACHE_HOME:-$HOME/.cache}/hvlab/images"; mkdir -p "$cache"; find "$cache" -name '*.zst' -mtime +30 -delete; file="$cache"/${digest}.qcow2.zst
[ -f "$file" ] || { zstd -q -1 -T0 -f ${from}/image.qcow2 -o "$file.$$.tmp"; touch "$file.$$.tmp"; mv "$file.$$.tmp" "$file"; }
printf '%s\\n' "$file")`,
  )
  if (result.exitCode !== 0) throw pushFailed(manifest.name, 'zstd could not compress it', result.stderr)
  return result.stdout.trim()
}

function pushFailed(name: string, why: string, details: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'image-push-failed',
    message: `image ${name} could not be copied to this host: ${why}`.replace('image  ', 'the image '),
    hint: 'Run again; what was copied so far is removed.',
    ...(details.trim() === '' ? {} : { details: details.trim() }),
  })
}
