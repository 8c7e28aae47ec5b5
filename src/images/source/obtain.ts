import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { type BuildReport, paced } from '../build-report.ts'
import type { PackerImageFile } from '../file/packer.ts'
import { fileDigest } from './digest.ts'
import { download } from './download.ts'
import { checkSignature } from './signature.ts'

export interface ObtainedSource {
  /** On the controller. */
  readonly path: string
  /** As the publisher calls it. */
  readonly name: string
  /** What is known about the publisher's signature, for people and the manifest. */
  readonly signature: string
}

/** Where downloads are kept: they outlive builds, and one serves many. */
export function downloadFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(cache, 'hvlab', 'downloads')
}

/** What the publisher calls the file. */
export function publishedName({ urls }: PackerImageFile['source']): string {
  const [first = ''] = urls
  return basename(new URL(first).pathname)
}

/**
 * The source of an image on the controller, with the digest that image.yml pins: the user's own file, or a download.
 * Its publisher's signature is checked where image.yml names the key.
 */
export async function obtainSource(
  controller: HostAccess,
  source: PackerImageFile['source'],
  options: {
    readonly iso?: string | undefined
    readonly signal: AbortSignal
    /** Said where the source cannot be had. */
    readonly instead: string
  },
  report: BuildReport,
): Promise<ObtainedSource> {
  const name = publishedName(source)
  const { iso, signal, instead } = options
  if (iso !== undefined) await checkOwn(iso, source.sha256, name, signal, report)
  const path =
    iso ?? (await download(controller, source, { folder: downloadFolder(), signal, instead }, report))
  if (source.fingerprint === undefined) return { path, name, signature: 'none named in image.yml' }
  report.progress({ text: 'source: checking the signature' })
  const urls =
    source.sums === undefined ? source.urls.map((url) => new URL('SHA256SUMS', url).href) : [source.sums]
  const { sha256, fingerprint, keyring } = source
  const verdict = await checkSignature(
    controller,
    { urls, fileName: name, sha256, fingerprint, keyring },
    signal,
  )
  if (verdict.verified) return { path, name, signature: `good, by ${verdict.fingerprint}` }
  report.note(
    'warning',
    `${name} is what image.yml pins (SHA-256), but its publisher’s signature was not checked: ${verdict.why}`,
  )
  return { path, name, signature: `not checked: ${verdict.why}` }
}

/** Of a user's own file in bytes; throws `image-source-mismatch` where there is none. `name`: as the publisher calls it. */
export async function ownSize(iso: string, name: string): Promise<number> {
  const status = await stat(iso).catch(() => undefined)
  if (status?.isFile() === true) return status.size
  throw new FailureError({
    reason: 'config',
    code: 'image-source-mismatch',
    message: `${iso} is not a file`,
    hint: `Give the path of ${name}.`,
  })
}

async function checkOwn(
  iso: string,
  sha256: string,
  name: string,
  signal: AbortSignal,
  report: BuildReport,
): Promise<void> {
  const total = await ownSize(iso, name)
  const show = paced(report)
  const digest = await fileDigest(iso, signal, (done) =>
    show({ text: `source: reading ${basename(iso)}`, done, total, unit: 'bytes' }),
  )
  if (digest === sha256) return
  throw new FailureError({
    reason: 'config',
    code: 'image-source-mismatch',
    message: `${iso} is not ${name}: its SHA-256 is ${digest}, image.yml pins ${sha256}`,
    hint: 'Download it again, or, if you mean this file, write its sum into source.sha256 of an image of your own (`hvlab image new`).',
  })
}
