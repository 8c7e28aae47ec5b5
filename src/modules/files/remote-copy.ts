import { basename } from 'node:path'
import { fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { attributeChanges, attributesDiffer, statResult } from './attributes.ts'
import type { CopyParams } from './copy-params.ts'
import { checkSource, fileTarget } from './file-target.ts'
import { hostPath } from './host-path.ts'
import { backupName, publish, requireFolder, temporaryName } from './written-file.ts'

/** `remote_src`: from one path of the host to another, without the controller in between. */
export async function* copyOnHost(context: ModuleContext, params: CopyParams, dest: string): Steps {
  if (params.src === undefined)
    throw moduleFailure('copy-unsupported', 'remote_src needs src', 'content comes from the controller')
  const src = await hostPath(context, params.src)
  const source = await context.freshFact(fileStat, src, { follow: true, checksum: 'sha1' })
  if (source === null) throw moduleFailure('source-missing', `${src} does not exist on the host`)
  if (source.kind === 'directory') {
    throw moduleFailure(
      'copy-unsupported',
      `${src} is a folder, and remote_src copies only files`,
      'use the command module with cp -a, and creates',
    )
  }
  if (params.validate !== undefined)
    throw moduleFailure('copy-unsupported', 'remote_src and validate do not go together')
  checkSource(params.checksum, src, source.checksum ?? 'unknown')
  const { path, current } = await fileTarget(context, dest, basename(src), params.follow)
  const data = { src, dest: path, checksum: source.checksum }
  if (!params.force && current !== null) return { data, why: `${path} exists and force is off` }
  const wanted = {
    ...params,
    mode: params.mode?.kind === 'preserve' ? { kind: 'octal' as const, bits: source.mode } : params.mode,
  }
  if (current !== null && current.checksum === source.checksum) {
    const differs = attributesDiffer(current, wanted)
    yield* attributeChanges(path, current, wanted)
    return differs
      ? { data: { ...statResult(current), ...data } }
      : { data: { ...statResult(current), ...data }, why: `${path} has this content, mode and owner` }
  }
  if (current === null) await requireFolder(context, path)
  if (current !== null && params.backup) {
    const backup = backupName(path)
    yield { summary: `back up ${path}`, action: sh`cp -p -- ${path} ${backup}` }
  }
  const temporary = temporaryName(path)
  const made = yield {
    summary: `${current === null ? 'create' : 'change'} ${path}`,
    action: sh`umask 077; cp -- ${src} ${temporary} && ${publish(temporary, path, wanted, current)}`,
  }
  const now = made.applied ? await context.freshFact(fileStat, path) : null
  return { data: now === null ? data : { ...statResult(now), ...data } }
}
