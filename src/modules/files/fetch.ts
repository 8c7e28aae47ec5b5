import { homedir } from 'node:os'
import { basename, join, posix, resolve } from 'node:path'
import type { z } from 'zod'
import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { bool, parameters, path } from '../params.ts'
import { fetchFile, localKind, localSums } from './fetched-file.ts'
import { hostPath } from './host-path.ts'
import { named } from './written-file.ts'

const params = parameters({
  src: path().describe('The file on the host. Links are followed.'),
  dest: path().describe(
    'Folder on the controller, relative to the pipeline: the file becomes dest/HOST/src in it. With flat the file itself, or a folder when it ends with /.',
  ),
  flat: bool().default(false).describe('dest says where the file goes, without host and folders.'),
  fail_on_missing: bool().default(true).describe('Fail when the file is not there or cannot be read.'),
  validate_checksum: bool().default(true).describe('What arrives must have the SHA-1 that the host says.'),
})
type Params = z.output<typeof params>

/** Ansible's `fetch`. */
export const fetch = defineModule({
  name: 'fetch',
  doc: 'Copies a file from the host to the controller. It appears whole, or not at all. Without flat it stays below dest/HOST, whatever src is: `..` does not lead out of it. A check run says what would be fetched, where Ansible skips it.',
  params,
  unsupported: [],
  returns: {
    dest: 'the file on the controller',
    checksum: 'its SHA-1',
    md5sum: 'its MD5',
    remote_checksum: 'SHA-1 that the host says, when it was fetched',
    file: 'the file on the host, when nothing was fetched',
  },
  async *run(context, params) {
    const src = await hostPath(context, params.src)
    const remote = await context.freshFact(fileStat, src, { follow: true, checksum: 'sha1' })
    const why = unfit(remote)
    if (remote === null || why !== null) return missing(params, src, why ?? '')
    const dest = destination(context, params, src)
    const kind = localKind(dest)
    if (kind === 'directory')
      throw moduleFailure(
        'fetch-failed',
        `${dest} on the controller is a folder`,
        params.flat ? 'end dest with a slash to fetch the file into it' : undefined,
      )
    const local = kind === null ? null : await localSums(dest)
    if (local !== null && local.sha1 === remote.checksum) {
      const data = { changed: false, file: src, dest, checksum: local.sha1, md5sum: local.md5 }
      return { data, why: `${dest} has what ${src} of ${context.host} has` }
    }
    return yield* fetchChanged(context, params, { src, dest, remote })
  },
})

async function* fetchChanged(
  context: ModuleContext,
  params: Params,
  { src, dest, remote }: { src: string; dest: string; remote: FileStat },
): Steps {
  const { value } = yield {
    summary: `fetch ${src} to ${dest}`,
    async action() {
      const made = await fetchFile(context, { src, dest, sizeBytes: remote.sizeBytes }, (sums) => {
        if (!params.validate_checksum || sums.sha1 === remote.checksum) return
        throw moduleFailure(
          'fetch-failed',
          `what came of ${src} has the SHA-1 ${sums.sha1}, not ${remote.checksum ?? 'the one of the host'}`,
          'a file that changes while it is read can be fetched with validate_checksum: no',
        )
      })
      return { checksum: made.sha1, md5sum: made.md5 }
    },
  }
  const sums = (value ?? {}) as Vars
  return { data: { dest, remote_checksum: remote.checksum, remote_md5sum: null, ...sums } }
}

/** Why there is no file to fetch, in Ansible's words. */
function unfit(remote: FileStat | null): string | null {
  if (remote === null) return 'the remote file does not exist'
  if (remote.kind === 'directory') return 'remote file is a directory, fetch cannot work on directories'
  if (remote.kind !== 'file') return `it is ${named(remote.kind)}, not a file`
  return remote.readable ? null : 'it cannot be read'
}

function missing(params: Params, src: string, why: string) {
  if (params.fail_on_missing)
    throw moduleFailure('source-missing', `${src}: ${why}`, 'fail_on_missing: no goes on without it')
  return {
    data: { file: src, msg: `${why}, not transferring, ignored` },
    changed: false,
    why: `${src}: ${why}`,
  }
}

/** Never above `dest`: neither the host's name nor a path that came from a host leads out of it. */
function destination(context: ModuleContext, params: Params, src: string): string {
  const given = params.dest.replace(/^~(?=\/|$)/, homedir())
  const base = resolve(context.pipelineFolder, given)
  const name = basename(posix.resolve('/', src))
  if (params.flat) return given.endsWith('/') || /(^|\/)\.\.?$/.test(given) ? join(base, name) : base
  if (/^\.{0,2}$|\//.test(context.host))
    throw moduleFailure(
      'fetch-failed',
      `"${context.host}" cannot be the name of a folder`,
      'use flat and a dest of its own',
    )
  return join(base, context.host, posix.resolve('/', src))
}
