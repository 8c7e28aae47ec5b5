import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { sh } from '../../util/sh.ts'
import { MirrorError, openMirror } from './mirror.ts'

/** Where Debian and Ubuntu keep the keys that sign Ubuntu's images. */
const usualKeyrings = [
  '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
  '/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg',
]

/** More than any SHA256SUMS has. */
const maxBytes = 1 << 20

export interface SignedSums {
  /** Addresses of SHA256SUMS, tried in order; the signature is at the same address with `.gpg`. */
  readonly urls: readonly string[]
  /** Name of the file in the list. */
  readonly fileName: string
  readonly sha256: string
  /** Of the primary key, 40 hexadecimal digits. */
  readonly fingerprint: string
  /** Looked into before the usual places. */
  readonly keyring?: string | undefined
}

/** `verified` is said only of a signature that was checked and is good. */
export type SignatureVerdict =
  | { readonly verified: true; readonly fingerprint: string }
  | { readonly verified: false; readonly why: string }

/**
 * Checks that the publisher's signed list has this digest for the file. A list that cannot be had, or a machine without
 * the key, leaves the digest pinned in image.yml as the only proof, and the verdict says so. A bad signature, or a
 * signed list with another digest, is a failure.
 */
export async function checkSignature(
  controller: HostAccess,
  signed: SignedSums,
  signal: AbortSignal,
): Promise<SignatureVerdict> {
  const keyrings = await present(controller, signed)
  if (keyrings.length === 0) {
    const places = [signed.keyring ?? [], usualKeyrings].flat().join(', ')
    return { verified: false, why: `the publisher’s keys are not on this machine (looked for ${places})` }
  }
  const fetched = await fetchSums(signed.urls, signal)
  if ('why' in fetched) return { verified: false, why: fetched.why }
  const folder = await mkdtemp(join(tmpdir(), 'hvlab-sums-'))
  try {
    await writeFile(join(folder, 'SHA256SUMS'), fetched.sums)
    await writeFile(join(folder, 'SHA256SUMS.gpg'), fetched.signature)
    const options = keyrings.flatMap((file) => ['--keyring', file])
    const result = await controller.run(
      sh`command -v gpgv >/dev/null || exit 127; cd ${folder} && gpgv --status-fd 1 ${options} SHA256SUMS.gpg SHA256SUMS`,
    )
    if (result.exitCode === 127) return { verified: false, why: 'gpgv is not on this machine' }
    return judge(signed, result.stdout, fetched.sums.toString('utf8'), result.stderr)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Reads gpgv's status lines (doc/DETAILS of GnuPG) and the signed list. Exported for its table of cases. */
export function judge(signed: SignedSums, status: string, sums: string, stderr: string): SignatureVerdict {
  const valid = [...status.matchAll(/^\[GNUPG:\] VALIDSIG (.*)$/gm)].map(([, fields = '']) =>
    fields.split(' '),
  )
  const wanted = signed.fingerprint.replaceAll(' ', '').toUpperCase()
  // Field 1 is the key that signed, field 10 its primary key.
  const good = valid.some(([signer, ...rest]) => signer === wanted || rest[8] === wanted)
  if (!good) {
    if (/^\[GNUPG:\] BADSIG /m.test(status))
      throw refused(signed, 'the signature of SHA256SUMS is bad', stderr)
    const other = valid[0]?.[0]
    if (other !== undefined)
      throw refused(signed, `SHA256SUMS is signed by ${other}, not by the key that image.yml pins`, stderr)
    return { verified: false, why: `the key ${wanted} is not on this machine` }
  }
  const line = sums.split('\n').find((each) => each.slice(64).replace(/^ [ *]/, '') === signed.fileName)
  if (line === undefined) throw refused(signed, `the signed SHA256SUMS does not list ${signed.fileName}`, '')
  if (line.slice(0, 64).toLowerCase() !== signed.sha256) {
    throw refused(
      signed,
      `the signed SHA256SUMS gives ${signed.fileName} another digest, ${line.slice(0, 64)}`,
      '',
    )
  }
  return { verified: true, fingerprint: wanted }
}

function refused(signed: SignedSums, why: string, details: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'image-signature-bad',
    message: `${signed.fileName} is not trusted: ${why}`,
    hint: 'Compare image.yml with what the publisher says of this release; if they agree, somebody changes what this machine downloads.',
    ...(details.trim() === '' ? {} : { details: details.trim() }),
  })
}

async function present(controller: HostAccess, signed: SignedSums): Promise<string[]> {
  const candidates = [signed.keyring ?? [], usualKeyrings].flat()
  const result = await controller.run(
    sh`for file in ${candidates}; do if [ -r "$file" ]; then echo "$file"; fi; done`,
  )
  return result.stdout.split('\n').filter((line) => line !== '')
}

async function fetchSums(
  urls: readonly string[],
  signal: AbortSignal,
): Promise<{ sums: Buffer; signature: Buffer } | { why: string }> {
  const refusals: string[] = []
  for (const url of urls) {
    try {
      return { sums: await fetchSmall(url, signal), signature: await fetchSmall(`${url}.gpg`, signal) }
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error
      refusals.push(`${url}: ${error.message}`)
    }
  }
  return { why: `the signed list of digests could not be downloaded (${refusals.join('; ')})` }
}

async function fetchSmall(url: string, signal: AbortSignal): Promise<Buffer> {
  const answer = await openMirror(url, { from: 0, signal, stallMs: 10_000 })
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.chunks) {
    size += chunk.byteLength
    if (size > maxBytes) throw new MirrorError('it sends more than a list of digests')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
